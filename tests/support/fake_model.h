// A model that says what a test wrote down, and remembers what it was asked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "episode/model.h"

namespace xsweep::test {

class FakeModel : public Model {
 public:
  explicit FakeModel(std::vector<ModelReply> replies) : replies_(std::move(replies)) {}
  /// Replies of text alone.
  static FakeModel Saying(const std::vector<std::string>& texts) {
    std::vector<ModelReply> replies;
    for (const std::string& text : texts) {
      ModelReply reply;
      reply.text = text;
      reply.usage = {.calls = 1, .prompt_tokens = 10, .completion_tokens = 2, .cost_nano_usd = 5};
      replies.push_back(std::move(reply));
    }
    return FakeModel(std::move(replies));
  }

  std::string_view name() const override { return "fake-1"; }
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override {
    requests.push_back(request);
    if (requests.size() > replies_.size())
      return Expected<ModelReply>(EpisodeError("the fake model has no more to say"));
    return Expected<ModelReply>(replies_[requests.size() - 1]);
  }

  std::vector<ModelRequest> requests;

 private:
  std::vector<ModelReply> replies_;
};

}  // namespace xsweep::test
