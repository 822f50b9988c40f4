// BatchModel: a model whose answers come later.
// SPDX-License-Identifier: Apache-2.0
#include "models/batches/batch_model.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace xsweep {

BatchModel::BatchModel(BatchModelSettings settings, const BatchApi& api, Batches& batches, std::string mark,
                       ExchangeLog& log)
    : settings_(std::move(settings)),
      api_(api),
      batches_(batches),
      mark_(std::move(mark)),
      requests_(settings_.answer_settings),
      log_(log) {}

void BatchModel::BeginPass(bool ask) {
  may_ask_ = ask;
  open_ = false;
  under_way_ = Usage();
  asked_ = charged_ = held_back_ = 0;
}

/// The same question of the same trial has the same id in every pass and after every kill: 49 characters of the 64 that
/// Anthropic allows.
std::string BatchModel::IdOf(const ModelRequest& request, const RequestText& text) const {
  const std::string who = fmt::format("{} {}\n", DialogueKey(request.identity), request.identity.turn);
  const std::uint64_t seed = Hash64(who);
  return fmt::format("{}-{:016x}{:016x}", mark_, Hash64(text.text(), seed), Hash64(text.text(), ~seed));
}

Expected<ModelReply> BatchModel::Open() {
  open_ = true;
  return std::unexpected(Error{ErrorKind::kInterrupted, "a question waits for its batch", {}});
}

/// No token is shorter than a byte, whatever the language; what a server adds around a message is a few tokens.
Usage BatchModel::AtMost(const ModelRequest& request) const {
  Usage most;
  most.calls = 1;
  most.prompt_tokens = static_cast<std::int64_t>(request.system->size()) + 64;
  for (const Message& message : request.messages) {
    most.prompt_tokens += static_cast<std::int64_t>(message.text.size()) + 16;
  }
  most.completion_tokens = settings_.max_tokens.value_or(0);
  if (settings_.price) most.cost_nano_usd = settings_.price(most);
  return most;
}

Async<Expected<ModelReply>> BatchModel::Complete(const ModelRequest& request) {
  const RequestText text = requests_.Write(request);
  const std::string id = IdOf(request, text);
  BatchQuestion* question = batches_.Find(id);
  if (question == nullptr) co_return Ask(id, request);
  if (question->under_way != 0) {
    under_way_ += AtMost(request);
    co_return Open();
  }
  if (question->answers.empty()) co_return Ask(id, request);
  co_return Answered(id, *question, request, text);
}

Expected<ModelReply> BatchModel::Ask(const std::string& id, const ModelRequest& request) {
  if (settings_.admit) TRY(settings_.admit());
  if (!may_ask_) return Open();
  Usage most = under_way_;
  most += AtMost(request);
  if (settings_.room) {
    const Status fits = settings_.room(most);
    if (!fits && under_way_.calls == 0) return std::unexpected(fits.error());
    if (!fits) ++held_back_;
    if (!fits) return Open();
  }
  TRY(batches_.Ask(id, request));
  under_way_ = most;
  ++asked_;
  return Open();
}

Expected<Attempt> BatchModel::Read(BatchAnswer& answer, const ModelRequest& request) {
  const bool first = !std::exchange(answer.charged, true);
  charged_ += first ? 1 : 0;
  const auto unasked = [](const std::string& why, bool again) {
    return Attempt{again ? AttemptOutcome::kTransient : AttemptOutcome::kFinal,
                   EpisodeError("in its batch this question was not answered: " + why),
                   {}};
  };
  if (answer.size == 0) return unasked(answer.why, answer.expired);
  TRY_ASSIGN(const BatchLine line, batches_.Read(answer));
  if (line.status == 0) return unasked(line.unasked, line.expired);
  Attempt attempt = api_.Read(line, request);
  Usage failed;
  failed.calls = 1;
  if (first && settings_.spent) settings_.spent(request.identity.role, attempt.reply ? attempt.reply->usage : failed);
  return attempt;
}

/// As often as a single call would be, and not where nothing at all was answered: then it is not in passing.
bool BatchModel::MayAskAgain(const BatchQuestion& question, const Attempt& attempt) const {
  const bool passing = attempt.outcome == AttemptOutcome::kTransient || attempt.outcome == AttemptOutcome::kRejected;
  return passing && question.answers.size() <= static_cast<std::size_t>(settings_.max_retries) &&
         batches_.Fruitful(question.answers.back().batch);
}

Expected<ModelReply> BatchModel::Answered(const std::string& id, BatchQuestion& question, const ModelRequest& request,
                                          const RequestText& text) {
  Usage used;
  for (std::size_t i = 0; i < question.answers.size(); ++i) {
    BatchAnswer& answer = question.answers[i];
    TRY_ASSIGN(Attempt attempt, Read(answer, request));
    if (i + 1 == question.answers.size()) {
      if (MayAskAgain(question, attempt)) return Ask(id, request);
      if (attempt.reply) attempt.reply->usage += used;
      if (!attempt.reply && i > 0) attempt.reply.error().message += fmt::format(" (after {} attempts)", i + 1);
      TRY(Keep(id, request, text, attempt.reply));
      return std::move(attempt.reply);
    }
    Usage failed;
    failed.calls = answer.size == 0 ? 0 : 1;
    used += attempt.reply ? attempt.reply->usage : failed;
  }
  return Open();
}

Status BatchModel::Keep(const std::string& id, const ModelRequest& request, const RequestText& text,
                        const Expected<ModelReply>& reply) {
  if (!kept_.insert(id).second) return {};
  return log_.Append(request.identity, text, reply);
}

}  // namespace xsweep
