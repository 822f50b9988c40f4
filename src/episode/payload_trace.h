// PayloadTrace: what became of a payload on its way to the agent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "episode/roles.h"
#include "episode/witness.h"

namespace xsweep {

/// Follows the payloads of one dialogue. What it is told of has been shown to nobody until `Met` says so: a payload
/// behind the agent's last turn has been put before nobody.
class PayloadTrace {
 public:
  /// Payloads as they stand in the world; looked for in every result.
  void Planted(std::vector<Planting> plantings) { planted_ = std::move(plantings); }
  /// The agent is going to be shown `shown`, into which `inserted` was put; empty: nothing was.
  void Inserted(std::string_view shown, std::string_view inserted, Channel channel, std::string_view via, int turn);
  /// It is going to be shown `shown` of a result that was `content`.
  void Returned(std::string_view content, std::string_view shown, std::string_view via, int turn);
  /// What the agent's model was really sent counts: what it was not, the agent has kept from it.
  void Confirm(const ModelWitness& model, Exposure& exposure) const;
  /// The agent acts on all that it was shown.
  void Met(Exposure& exposure) const {
    if (exposure.delivery != coming_.delivery) exposure = coming_;
  }

 private:
  void Note(Delivery delivery, Channel channel, std::string_view via, int turn);

  std::vector<Planting> planted_;
  std::vector<std::string> inserted_;  // each once
  Exposure coming_;
};

}  // namespace xsweep
