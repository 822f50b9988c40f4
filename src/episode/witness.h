// ModelWitness: an agent of which is known what its model was really sent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "words/names.h"

namespace xsweep {

/// Implemented by an Agent whose model is asked through us; asked for by a dynamic_cast, because most cannot say it.
class ModelWitness {
 public:
  virtual ~ModelWitness() = default;
  /// Whether it stands before the model at all.
  virtual bool witnesses() const = 0;
  /// How much of a payload that the agent was shown its model was sent: kIntact, kAltered (a part), or kNone.
  virtual Delivery Sent(std::string_view payload) const = 0;
  /// What it has to say of the trial: contradictions between what the model asked for and what was done, and the like.
  virtual std::vector<std::string> notes() const = 0;
};

}  // namespace xsweep
