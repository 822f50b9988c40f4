// AssessorModel: the judge's model as the environment of a shared dialogue sees it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "episode/model.h"

namespace xsweep {

/// An environment is given the model that assesses its task once, when the dialogue begins; cells that share the
/// dialogue may have others. Stands for whichever of them is to be asked now, in the name of its cell. Outlives the
/// environment; belongs to the dialogue's thread.
class AssessorModel final : public Model {
 public:
  void Use(Model* model, std::string cell);
  /// Whether anybody has asked it.
  bool asked() const { return asked_; }

  std::string_view name() const override;
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override;

 private:
  Async<Expected<ModelReply>> CompleteFor(ModelRequest request);
  Model* model_ = nullptr;
  std::string cell_;
  bool asked_ = false;
};

}  // namespace xsweep
