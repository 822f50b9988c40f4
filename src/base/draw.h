// A random draw is a pure function of identity: who asks, never when or in which order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace xsweep {

/// The draws of one trial. Uniform in [0, 1), a pure function of (seed, task, trial, stream, step): any order, thread
/// count, shard split or resume gives the same value, and a new caller moves no other. The cell is left out on
/// purpose, so that the arms of a grid share draws (common random numbers) and ablations are paired.
class Draws {
 public:
  Draws(std::uint64_t seed, std::string_view task, std::uint32_t trial);

  double Uniform(std::string_view stream, std::uint32_t step) const;
  /// Uniform integer in [low, high], both inclusive.
  std::int64_t Integer(std::string_view stream, std::uint32_t step, std::int64_t low, std::int64_t high) const;

 private:
  std::uint64_t Bits(std::string_view stream, std::uint32_t step) const;
  std::uint64_t key_;
};

}  // namespace xsweep
