// AssessorModel: the judge's model as the environment of a shared dialogue sees it.
// SPDX-License-Identifier: Apache-2.0
#include "engine/assessor_model.h"

#include <utility>

namespace xsweep {

void AssessorModel::Use(Model* model, std::string cell) {
  model_ = model;
  cell_ = std::move(cell);
}

std::string_view AssessorModel::name() const { return model_ == nullptr ? std::string_view() : model_->name(); }

Async<Expected<ModelReply>> AssessorModel::Complete(const ModelRequest& request) {
  CHECK(model_ != nullptr, "a model that is not there was asked to assess a task");
  asked_ = true;
  return request.identity.cell == cell_ ? model_->Complete(request) : CompleteFor(request);
}

Async<Expected<ModelReply>> AssessorModel::CompleteFor(ModelRequest request) {
  request.identity.cell = cell_;
  co_return co_await model_->Complete(request);
}

}  // namespace xsweep
