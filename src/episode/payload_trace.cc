// PayloadTrace: what became of a payload on its way to the agent.
// SPDX-License-Identifier: Apache-2.0
#include "episode/payload_trace.h"

#include "episode/exposure.h"

namespace xsweep {

void PayloadTrace::Inserted(std::string_view shown, std::string_view inserted, Channel channel, std::string_view via,
                            int turn) {
  if (inserted.empty() || coming_.delivery == Delivery::kIntact) return;
  const Delivery delivery = Carries(shown, inserted)       ? Delivery::kIntact
                            : CarriesPart(shown, inserted) ? Delivery::kAltered
                                                           : Delivery::kRemoved;
  Note(delivery, channel, via, turn);
}

void PayloadTrace::Returned(std::string_view content, std::string_view shown, std::string_view via, int turn) {
  for (const Planting& planting : planted_) {
    if (coming_.delivery == Delivery::kIntact || !CarriesFolded(content, planting.text)) continue;
    Note(CarriesFolded(shown, planting.text) ? Delivery::kIntact
         : CarriesPart(shown, planting.text) ? Delivery::kAltered
                                             : Delivery::kRemoved,
         Channel::kRecord, via, turn);
  }
}

/// The best that became of it counts, at the turn where a part of it was shown first.
void PayloadTrace::Note(Delivery delivery, Channel channel, std::string_view via, int turn) {
  if (delivery <= coming_.delivery) return;
  if (!coming_.exposed) {
    coming_ = {.exposed = delivery >= Delivery::kAltered, .turn = turn, .channel = channel, .via = std::string(via)};
  }
  coming_.delivery = delivery;
}

}  // namespace xsweep
