// BatchNotes: what was sent in batches and what became of it.
// SPDX-License-Identifier: Apache-2.0
#include "models/batches/batch_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "record/logs/layout.h"

namespace xsweep {
namespace {

std::string NewMark() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

Expected<std::unique_ptr<BatchNotes>> BatchNotes::Open(Disk& disk, const std::filesystem::path& folder, Json whose) {
  TRY(disk.MakeDirectory(folder));
  std::unique_ptr<BatchNotes> notes(new BatchNotes(disk, folder));
  TRY(notes->Read());
  TRY_ASSIGN(notes->file_, disk.Open(folder / layout::kBatchNotes, OpenMode::kAppend));
  if (!notes->mark_.empty()) return notes;
  notes->mark_ = NewMark();
  whose.Set("mark", notes->mark_);
  TRY(notes->Append(whose));
  TRY(disk.SyncDirectory(folder));
  return notes;
}

std::filesystem::path BatchNotes::Questions(int batch) const {
  return folder_ / layout::Log(std::to_string(batch), layout::kQuestions);
}

std::filesystem::path BatchNotes::Answers(int batch) const {
  return folder_ / layout::Log(std::to_string(batch), layout::kAnswers);
}

Status BatchNotes::Read() {
  const std::filesystem::path path = folder_ / layout::kBatchNotes;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  TRY_ASSIGN(const std::string text, ReadOwnFile(path));
  std::string_view rest = text;
  for (std::size_t line = 1; rest.contains('\n'); ++line) {
    const std::size_t end = rest.find('\n');
    TRY_ASSIGN(const Json json, Json::Parse(rest.substr(0, end), fmt::format("{}:{}", path.string(), line)));
    if (line == 1) mark_ = json.StringOr("mark", "");
    if (line > 1) TakeIn(json);
    rest.remove_prefix(end + 1);
  }
  return rest.empty() ? Status() : disk_.Truncate(path, text.size() - rest.size());
}

void BatchNotes::TakeIn(const Json& line) {
  const auto number = static_cast<int>(line.IntOr("batch", 0));
  auto found = std::ranges::find(batches_, number, &NotedBatch::number);
  if (found == batches_.end()) found = batches_.insert(found, NotedBatch{.number = number});
  found->questions = static_cast<std::uint64_t>(line.IntOr("questions", static_cast<std::int64_t>(found->questions)));
  found->upload = line.StringOr("upload", found->upload);
  found->newest = line.StringOr("newest", found->newest);
  found->posting = found->posting || line.Find("posting") != nullptr;
  found->answered = found->answered || line.Find("answered") != nullptr;
  found->dropped = found->dropped || line.Find("dropped") != nullptr;
  found->how = line.StringOr("answered", found->how);
  if (line.Find("again") != nullptr) {
    found->held = true;
    found->posting = false;
    found->ids.clear();
  }
  if (const std::string_view other = line.StringOr("not_ours", ""); !other.empty()) {
    found->not_ours.emplace_back(other);
    std::erase(found->ids, other);
  }
  const Json* ids = line.Find("ids");
  if (ids == nullptr || !ids->is_array()) return;
  found->found = line.Find("found") != nullptr;
  found->ids.clear();
  for (const Json& id : ids->items()) {
    if (id.is_string()) found->ids.push_back(id.AsString());
  }
}

Status BatchNotes::Note(const Json& line) {
  TRY(Append(line));
  TakeIn(line);
  return {};
}

Status BatchNotes::Append(const Json& line) {
  TRY(file_->Write(line.Dump() + "\n"));
  return file_->Sync();
}

}  // namespace xsweep
