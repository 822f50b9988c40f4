// Batches: what came back, line by line, and none of it trusted.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "models/batches/batches.h"
#include "models/wires/failures.h"

namespace xsweep {
namespace {

/// What the answers to so many questions can be at the most: a mebibyte each is more than any model says.
std::size_t MostBytes(std::uint64_t questions) {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
  return (std::min<std::uint64_t>(questions, 4095) + 1) * kMebibyte;
}

std::string_view NextLine(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool Blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

Status SyncFile(Disk& disk, const std::filesystem::path& path) {
  TRY_ASSIGN(const auto file, disk.Open(path, OpenMode::kAppend));
  return file->Sync();
}

}  // namespace

void Batches::Take(const NotedBatch& batch, std::string_view line, std::uint64_t offset, Found& found) {
  ++found.lines;
  const auto read = api_.ReadLine(line);
  if (!read) {
    ++found.broken;
    return;
  }
  BatchQuestion* question = Find(read->custom_id);
  const bool again =
      question != nullptr && !question->answers.empty() && question->answers.back().batch == batch.number;
  if (question == nullptr || (question->under_way != batch.number && !again)) {
    ++found.strange;
    return;
  }
  question->under_way = 0;
  if (again) {
    // Which of the two is the answer nobody can say.
    BatchAnswer& first = question->answers.back();
    if (first.size != 0) ++found.twice;
    first = {.batch = batch.number, .why = "the batch answered it more than once"};
    return;
  }
  ++found.ours;
  if (read->status >= 200 && read->status < 300) fruitful_[batch.number] = true;
  question->answers.push_back(
      {.batch = batch.number, .offset = offset, .size = static_cast<std::uint32_t>(line.size())});
}

Expected<Batches::Found> Batches::Index(const NotedBatch& batch) {
  Found found;
  TRY_ASSIGN(MappedFile file, MappedFile::Open(notes_.Answers(batch.number)));
  std::string_view rest = file.bytes();
  while (!rest.empty()) {
    const auto offset = static_cast<std::uint64_t>(rest.data() - file.bytes().data());
    const std::string_view line = NextLine(rest);
    if (!Blank(line)) Take(batch, line, offset, found);
  }
  answers_.insert_or_assign(batch.number, std::move(file));
  return found;
}

void Batches::CloseQuestions(const NotedBatch& batch, Found& found) {
  const bool expired = batch.how.starts_with("expired");
  for (auto& [id, question] : questions_) {
    if (question.under_way != batch.number) continue;
    question.under_way = 0;
    ++found.missing;
    question.answers.push_back({.batch = batch.number,
                                .why = fmt::format("the batch ended ({}) without an answer to it", batch.how),
                                .expired = expired});
  }
}

Async<Status> Batches::TakeAnswers(NotedBatch& batch, BatchView view, const BatchPatience& patience) {
  const std::filesystem::path path = notes_.Answers(batch.number);
  const std::string id = batch.ids.front();
  auto fetching = api_.Fetch(view, path, MostBytes(batch.questions));
  Status fetched = co_await fetching;
  if (!fetched) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    co_return fetched;
  }
  CO_TRY(SyncFile(disk_, path));
  CO_TRY_ASSIGN(Found found, Index(batch));
  if (found.ours == 0 && batch.found && found.lines > 0)
    co_return notes_.Note(Json::MakeObject({{"batch", batch.number}, {"not_ours", id}}));
  if (found.ours == 0 && found.lines > 0) {
    std::string_view rest = answers_.at(batch.number).bytes();
    std::string start(Quoted(NextLine(rest)));
    co_return WorldError(
        fmt::format("none of the {} lines of its results answers a question of ours: {}", found.lines, start),
        "batch " + id);
  }
  CO_TRY(notes_.Note(Json::MakeObject({{"batch", batch.number}, {"answered", view.words}})));
  CloseQuestions(batch, found);
  if (!patience.tell) co_return Status();
  patience.tell(
      fmt::format("batch {}: {}, {} of {} questions have a line", id, view.words, found.ours, batch.questions));
  if (found.strange + found.broken + found.twice > 0) {
    patience.tell(
        fmt::format("note: of the results of batch {} {} lines answer no question of it, {} could not be read, "
                    "{} questions were answered more than once; nothing was made of those",
                    id, found.strange, found.broken, found.twice));
  }
  co_return Status();
}

Expected<BatchLine> Batches::Read(const BatchAnswer& answer) {
  const auto file = answers_.find(answer.batch);
  CHECK(file != answers_.end(), "an answer lies in a batch that has none");
  const std::string_view bytes = file->second.bytes();
  if (answer.offset + answer.size > bytes.size())
    return WorldError("is shorter than it was", notes_.Answers(answer.batch).string());
  return api_.ReadLine(bytes.substr(answer.offset, answer.size));
}

}  // namespace xsweep
