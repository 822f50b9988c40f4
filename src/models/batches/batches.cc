// Batches: questions collected into batches, sent and waited for.
// SPDX-License-Identifier: Apache-2.0
#include "models/batches/batches.h"

#include <fmt/format.h>

#include <algorithm>

namespace xsweep {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{60'000};
constexpr milliseconds kSlice{200};   // after which a stop is heard
constexpr int kMostFailedLooks = 10;  // one after the other
constexpr int kMostPostings = 4;      // of one batch, where the connection breaks each time

std::unexpected<Error> Interrupted(std::string message) {
  return std::unexpected(Error{ErrorKind::kInterrupted, std::move(message), {}});
}

Json OfBatch(const NotedBatch& batch, std::initializer_list<Json::Member> members) {
  Json line = Json::MakeObject({{"batch", batch.number}});
  for (const auto& [name, value] : members) line.Set(name, value);
  return line;
}

bool Holds(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

Json ListOf(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

}  // namespace

Expected<std::unique_ptr<Batches>> Batches::Open(IoLoop& loop, Disk& disk, BatchApi& api, BatchNotes& notes,
                                                 std::size_t most) {
  std::unique_ptr<Batches> batches(new Batches(loop, disk, api, notes, most));
  for (NotedBatch& batch : notes.batches()) TRY(batches->Load(batch));
  return batches;
}

Status Batches::LoadQuestions(const NotedBatch& batch) {
  TRY_ASSIGN(const MappedFile file, MappedFile::Open(notes_.Questions(batch.number)));
  std::string_view rest = file.bytes();
  std::uint64_t count = 0;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view id = IdOfQuestion(rest.substr(0, end));
    if (id.empty()) return WorldError("holds a line that is no question", notes_.Questions(batch.number).string());
    questions_[std::string(id)].under_way = batch.number;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++count;
  }
  if (count == batch.questions) return {};
  return WorldError(fmt::format("holds {} questions, and {} were asked", count, batch.questions),
                    notes_.Questions(batch.number).string());
}

Status Batches::Load(NotedBatch& batch) {
  number_ = std::max(number_, batch.number);
  if (batch.dropped) return {};
  TRY(LoadQuestions(batch));
  std::error_code ignored;
  // A machine that lost its power may have kept the note and not the file: the server still has it.
  if (batch.answered && !std::filesystem::exists(notes_.Answers(batch.number), ignored)) batch.answered = false;
  if (!batch.answered) return {};
  TRY_ASSIGN(Found found, Index(batch));
  CloseQuestions(batch, found);
  return {};
}

BatchQuestion* Batches::Find(const std::string& custom_id) {
  const auto found = questions_.find(custom_id);
  return found == questions_.end() ? nullptr : &found->second;
}

Status Batches::Ask(const std::string& custom_id, const ModelRequest& request) {
  const std::string line = api_.Question(custom_id, request) + "\n";
  const BatchLimits limits = api_.limits();
  if (count_ >= std::min(limits.requests, most_) || (count_ > 0 && bytes_ + line.size() > limits.bytes))
    TRY(CloseCollected());
  if (!collecting_) {
    TRY_ASSIGN(auto file, AtomicFile::Create(disk_, notes_.Questions(++number_)));
    collecting_.emplace(std::move(file));
  }
  TRY(collecting_->Write(line));
  questions_[custom_id].under_way = number_;
  ++count_;
  bytes_ += line.size();
  return {};
}

Status Batches::CloseCollected() {
  if (!collecting_) return {};
  TRY(collecting_->Commit());
  collecting_.reset();
  bytes_ = 0;
  return notes_.Note(Json::MakeObject({{"batch", number_}, {"questions", std::exchange(count_, 0)}}));
}

bool Batches::waiting() const { return collecting_ || std::ranges::any_of(notes_.batches(), &NotedBatch::open); }

BatchJob Batches::JobOf(const NotedBatch& batch) const {
  return {.questions = notes_.Questions(batch.number),
          .count = batch.questions,
          .name = fmt::format("{}-{}", notes_.mark(), batch.number),
          .upload = batch.upload,
          .newest = batch.newest};
}

// Before anything is posted a second time the server is asked whether it has it.
Async<Expected<bool>> Batches::FindPosted(NotedBatch& batch) {
  auto finding = api_.Find(JobOf(batch));
  CO_TRY_ASSIGN(std::vector<std::string> ids, co_await finding);
  std::erase_if(ids, [&](const std::string& id) {
    const auto has = [&](const NotedBatch& other) { return &other != &batch && Holds(other.ids, id); };
    return Holds(batch.not_ours, id) || std::ranges::any_of(notes_.batches(), has);
  });
  if (ids.empty()) co_return false;
  CO_TRY(notes_.Note(OfBatch(batch, {{"ids", ListOf(ids)}, {"found", true}})));
  co_return true;
}

Async<Status> Batches::Post(NotedBatch& batch) {
  if (!batch.posting) {
    auto asking = api_.Newest();
    CO_TRY_ASSIGN(const std::string newest, co_await asking);
    CO_TRY(notes_.Note(OfBatch(batch, {{"posting", true}, {"newest", newest}})));
  }
  for (int posting = 1;; ++posting) {
    auto sending = api_.Post(JobOf(batch));
    const Posted posted = co_await sending;
    if (!posted.id.empty()) co_return notes_.Note(OfBatch(batch, {{"ids", ListOf({posted.id})}}));
    if (!posted.unclear || posting == kMostPostings) co_return posted.failure;
    auto sleeping = loop_.Sleep(milliseconds(500) * (1 << posting));
    CO_TRY(co_await sleeping);
    auto finding = FindPosted(batch);
    CO_TRY_ASSIGN(const bool there, co_await finding);
    if (there) co_return Status();
  }
}

Async<Status> Batches::Send(NotedBatch& batch, const BatchPatience& patience) {
  if (batch.posting) {
    auto finding = FindPosted(batch);
    CO_TRY_ASSIGN(const bool there, co_await finding);
    if (there) co_return Status();
  }
  if (batch.upload.empty()) {
    auto uploading = api_.Upload(JobOf(batch));
    CO_TRY_ASSIGN(const std::string name, co_await uploading);
    if (!name.empty()) CO_TRY(notes_.Note(OfBatch(batch, {{"upload", name}})));
  }
  auto posting = Post(batch);
  CO_TRY(co_await posting);
  if (patience.tell && !batch.ids.empty())
    patience.tell(fmt::format("batch {}: {} questions are sent", batch.ids.front(), batch.questions));
  co_return Status();
}

// What was held back goes when nothing else is under way.
Async<Status> Batches::SendOpen(const BatchPatience& patience) {
  const auto sent = [](const NotedBatch& batch) { return batch.open() && !batch.ids.empty(); };
  for (NotedBatch& batch : notes_.batches()) {
    if (!batch.open() || !batch.ids.empty()) continue;
    if (batch.held && std::ranges::any_of(notes_.batches(), sent)) continue;
    auto sending = Send(batch, patience);
    CO_TRY(co_await sending);
    if (patience.stop != nullptr && *patience.stop) co_return Interrupted("interrupted");
  }
  co_return Status();
}

Async<Status> Batches::Wait(milliseconds pause, const BatchPatience& patience) {
  const SteadyTime end = std::min(loop_.clock().Now() + pause, patience.until);
  for (;;) {
    if (patience.stop != nullptr && *patience.stop) co_return Interrupted("interrupted");
    const SteadyTime now = loop_.clock().Now();
    if (now >= patience.until) co_return Interrupted("the wait is over");
    if (now >= end) co_return Status();
    auto sleeping = loop_.Sleep(std::min<std::chrono::nanoseconds>(kSlice, end - now));
    CO_TRY(co_await sleeping);
  }
}

Async<Status> Batches::Settle(BatchPatience patience) {
  CO_TRY(CloseCollected());
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 3 / 2, kLongestPause)) {
    auto sending = SendOpen(patience);
    CO_TRY(co_await sending);
    for (NotedBatch& batch : notes_.batches()) {
      if (!batch.open() || batch.ids.empty()) continue;
      auto looking = LookOnce(batch, patience);
      CO_TRY(co_await looking);
    }
    if (!waiting()) co_return Status();
    auto pausing = Wait(pause, patience);
    CO_TRY(co_await pausing);
  }
}

// A day is long: a network that is gone for some minutes of it ends nothing.
Async<Status> Batches::LookOnce(NotedBatch& batch, const BatchPatience& patience) {
  auto looking = api_.Look(batch.ids.front());
  Expected<BatchView> seen = co_await looking;
  if (!seen && seen.error().kind == ErrorKind::kWorld && ++failed_looks_ < kMostFailedLooks) {
    if (patience.tell) patience.tell(fmt::format("note: {}; looking again later", seen.error().Text()));
    co_return Status();
  }
  if (!seen) co_return std::unexpected(std::move(seen).error());
  failed_looks_ = 0;
  BatchView& view = *seen;
  if (view.refused) co_return Refused(batch, view);
  if (!view.ended) co_return Status();
  auto taking = TakeAnswers(batch, std::move(view), patience);
  co_return co_await taking;
}

// A quota of questions in waiting is no fault of the batch: it goes again when the others are through.
Status Batches::Refused(NotedBatch& batch, const BatchView& view) {
  const bool others = std::ranges::any_of(notes_.batches(), [&](const NotedBatch& other) {
    return &other != &batch && other.open() && !other.ids.empty();
  });
  const bool too_much = view.words.contains("token_limit_exceeded");
  if (too_much && others) return notes_.Note(OfBatch(batch, {{"again", true}}));
  for (auto& [id, question] : questions_) {
    if (question.under_way == batch.number) question.under_way = 0;
  }
  const std::string where = batch.ids.front();
  TRY(notes_.Note(OfBatch(batch, {{"dropped", view.words}})));
  return WorldError(fmt::format("the server refused the batch as a whole, and nothing of it was asked: {}{}",
                                view.words, too_much ? "; --batch-size makes smaller ones" : ""),
                    "batch " + where);
}

}  // namespace xsweep
