// BatchModel: a model whose answers come later, for those who can ask again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "models/batches/batches.h"
#include "models/recordings/recorded.h"

namespace xsweep {

struct BatchModelSettings {
  std::string name;
  Json answer_settings;  ///< what decides an answer, as recordings have it
  int max_retries = 6;   ///< of a question whose line failed in passing
  /// Most tokens of one answer; empty: nobody knows, and `room` is told of none.
  std::optional<std::int64_t> max_tokens{};
  /// Where limits are: whether what is under way and one more question, at their most, fit into what is left.
  std::function<Status()> admit{};
  std::function<Status(const Usage& at_most)> room{};
  std::function<void(Role, const Usage&)> spent{};
  std::function<std::int64_t(const Usage&)> price{};  ///< nano-dollars; empty: not known
};

/// Whoever asks it asks in passes, one question after the other, and drops what came of a trial with an open question:
///   BeginPass(); ask all that is not done; Batches::Settle; BeginPass(); ...
/// What a question costs is charged when its answer is first handed out, and kept in `log` then. Belongs to one thread.
class BatchModel final : public Model {
 public:
  BatchModel(BatchModelSettings settings, const BatchApi& api, Batches& batches, std::string mark, ExchangeLog& log);

  std::string_view name() const override { return settings_.name; }
  /// The answer that a single call would have had, or kInterrupted for a question that is open now.
  Async<Expected<ModelReply>> Complete(const ModelRequest& request) override;

  /// `ask`: whether new questions may go out in this pass.
  void BeginPass(bool ask);
  /// Whether a question was left open since this was asked last.
  bool TakeOpen() { return std::exchange(open_, false); }
  /// In this pass: new questions that go out, and answers that were charged.
  std::int64_t asked() const { return asked_; }
  std::int64_t charged() const { return charged_; }
  /// Questions that wait because the limits leave no room beside what is under way.
  std::int64_t held_back() const { return held_back_; }

 private:
  std::string IdOf(const ModelRequest& request, const RequestText& text) const;
  Expected<ModelReply> Open();
  Expected<ModelReply> Ask(const std::string& id, const ModelRequest& request);
  Expected<ModelReply> Answered(const std::string& id, BatchQuestion& question, const ModelRequest& request,
                                const RequestText& text);
  Expected<Attempt> Read(BatchAnswer& answer, const ModelRequest& request);
  bool MayAskAgain(const BatchQuestion& question, const Attempt& attempt) const;
  Usage AtMost(const ModelRequest& request) const;
  Status Keep(const std::string& id, const ModelRequest& request, const RequestText& text,
              const Expected<ModelReply>& reply);

  const BatchModelSettings settings_;
  const BatchApi& api_;
  Batches& batches_;
  const std::string mark_;
  RequestWriter requests_;
  ExchangeLog& log_;
  std::unordered_set<std::string> kept_;
  Usage under_way_;  ///< at the most, of the questions that have no answer yet
  bool may_ask_ = true, open_ = false;
  std::int64_t asked_ = 0, charged_ = 0, held_back_ = 0;
};

}  // namespace xsweep
