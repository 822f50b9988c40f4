// Random replies of both wires, from the kinds that public reports say real servers send.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/draw.h"

namespace xsweep::testing {

enum class Wire { kChat, kMessages };

class Dice {
 public:
  explicit Dice(std::uint64_t number) : draws_(number, "replies", 0) {}
  std::size_t Below(std::size_t count) {
    return static_cast<std::size_t>(draws_.Integer("dice", step_++, 0, static_cast<std::int64_t>(count) - 1));
  }
  template <std::size_t kCount>
  std::string Pick(const char* const (&of)[kCount]) {
    return of[Below(kCount)];
  }

 private:
  Draws draws_;
  std::uint32_t step_ = 0;
};

/// A reply as it goes over the wire, and what whoever made it knows about it.
struct Made {
  std::string body;
  bool answer = false;  ///< something was said or called, whole, and nobody cut or filtered it
  std::string said{};   ///< outside thought
};

/// Finish reasons x forms of content x thought x calls. `plain` is what this role would say if it answered, `harmful`
/// the arguments of the call that an agent makes when it gives in.
Made MakeReply(Wire wire, bool is_agent, const std::string& plain, const std::string& harmful, Dice& dice);

}  // namespace xsweep::testing
