// PayloadTrace: what became of a payload on its way to the agent.
// SPDX-License-Identifier: Apache-2.0
#include "episode/payload_trace.h"

#include <algorithm>

#include "episode/exposure.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostKept = 64;  ///< different texts of one dialogue

}  // namespace

void PayloadTrace::Confirm(const ModelWitness& model, Exposure& exposure) const {
  if (exposure.delivery < Delivery::kAltered) return;
  Delivery sent = Delivery::kNone;
  for (const std::string& text : inserted_) sent = std::max(sent, model.Sent(text));
  for (const Planting& planting : planted_) sent = std::max(sent, model.Sent(planting.text));
  if (sent == Delivery::kNone) {
    exposure = {};
  } else {
    exposure.delivery = std::min(exposure.delivery, sent);
  }
}

void PayloadTrace::Inserted(std::string_view shown, std::string_view inserted, Channel channel, std::string_view via,
                            int turn) {
  if (inserted.empty()) return;
  if (inserted_.size() < kMostKept && std::ranges::find(inserted_, inserted) == inserted_.end())
    inserted_.emplace_back(inserted);
  if (coming_.delivery == Delivery::kIntact) return;
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
