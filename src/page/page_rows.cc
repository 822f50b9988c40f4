// What the page reads: rows by column in chunks, and packs of dialogues.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <span>
#include <unordered_map>

#include "base/base64.h"
#include "page/page_data.h"
#include "record/logs/layout.h"
#include "record/logs/trial.h"
#include "record/logs/trial_log.h"
#include "record/transcripts/transcript_file.h"

namespace xsweep {
namespace {

/// 0: never; the largest number: nobody wrote it down.
std::uint16_t ExposedTurn(const Trial& trial) {
  constexpr int kLatest = 65534;
  if (trial.exposure_unknown) return UINT16_MAX;
  return static_cast<std::uint16_t>(trial.exposed ? std::clamp(trial.exposed_turn, 1, kLatest) : 0);
}

namespace fs = std::filesystem;

/// Texts that repeat, as numbers.
class Dictionary {
 public:
  std::uint16_t Number(const std::string& text) {
    const auto [place, fresh] = numbers_.try_emplace(text, static_cast<std::uint16_t>(texts_.size()));
    if (fresh) texts_.emplace_back(text);
    return place->second;
  }
  Json Take() { return Json::MakeArray(std::move(texts_)); }

 private:
  std::unordered_map<std::string, std::uint16_t> numbers_;
  std::vector<Json> texts_;
};

template <class Number>
void AppendColumn(std::string_view name, const std::vector<Number>& values, std::string& out) {
  out += fmt::format("{}\"{}\":", out.ends_with('{') ? "" : ",", name);
  const bool equal = std::ranges::all_of(values, [&](Number value) { return value == values.front(); });
  if (equal && !values.empty()) {
    if constexpr (std::is_floating_point_v<Number>) {
      AppendJsonDouble(values.front(), out);
    } else {
      out += std::to_string(values.front());
    }
    return;
  }
  out += '"';
  // Little-endian, as on every machine that this runs on and that shows it.
  AppendBase64({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)}, out);
  out += '"';
}

template <class Number>
Number Clip(std::int64_t value) {
  return static_cast<Number>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<Number>::max()));
}

/// Collects rows; all columns have the same length.
class Columns {
 public:
  explicit Columns(bool messages) : messages_(messages) {}

  void Add(const Trial& trial) {
    index.push_back(trial.index);
    cell_.push_back(cells_.Number(trial.cell));
    task_.push_back(tasks_.Number(trial.task));
    seed_.push_back(seeds_.Number(std::to_string(trial.seed)));
    goal_.push_back(goals_.Number(trial.goal));
    channel_.push_back(channels_.Number(std::string(NameOf(trial.channel))));
    stop_.push_back(stops_.Number(std::string(NameOf(trial.stop))));
    trial_.push_back(trial.trial);
    outcome_.push_back(static_cast<std::uint8_t>(trial.outcome));
    success_.push_back(trial.task_success ? (*trial.task_success ? 1 : 0) : 2);
    exposed_turn_.push_back(ExposedTurn(trial));
    attempted_.push_back(Clip<std::uint16_t>(trial.attempted));
    executed_.push_back(Clip<std::uint16_t>(trial.executed));
    blocked_.push_back(Clip<std::uint16_t>(trial.blocked));
    turns_.push_back(Clip<std::uint16_t>(trial.turns));
    tool_calls_.push_back(Clip<std::uint16_t>(trial.tool_calls));
    attempt_.push_back(Clip<std::uint8_t>(trial.attempt));
    amount_.push_back(trial.amount_usd);
    AddUsage(trial);
    if (trial.error_kind) {
      errors_.Append(Json::MakeArray({static_cast<std::int64_t>(index.size() - 1), NameOf(*trial.error_kind),
                                      messages_ ? trial.error_message : ""}));
    }
  }

  std::string ToJson(std::size_t chunk, std::size_t chunks, bool sealed, const std::vector<bool>& kept) {
    const Json dict = Json::MakeObject({{"cell", cells_.Take()},
                                        {"task", tasks_.Take()},
                                        {"seed", seeds_.Take()},
                                        {"goal", goals_.Take()},
                                        {"channel", channels_.Take()},
                                        {"stop", stops_.Take()}});
    std::vector<std::uint32_t> places;
    places.reserve(index.size());
    for (const std::uint64_t place : index) places.push_back(Clip<std::uint32_t>(static_cast<std::int64_t>(place)));
    std::vector<std::uint8_t> keeps(kept.begin(), kept.end());
    std::string out =
        fmt::format("{{\"chunk\":{},\"chunks\":{},\"sealed\":{},\"rows\":{},\"dict\":{},\"errors\":{},\"columns\":{{",
                    chunk, chunks, sealed, index.size(), dict.Dump(), errors_.is_null() ? "[]" : errors_.Dump());
    AppendColumn("index", places, out);
    AppendColumn("cell", cell_, out);
    AppendColumn("task", task_, out);
    AppendColumn("seed", seed_, out);
    AppendColumn("goal", goal_, out);
    AppendColumn("channel", channel_, out);
    AppendColumn("stop", stop_, out);
    AppendColumn("trial", trial_, out);
    AppendColumn("outcome", outcome_, out);
    AppendColumn("success", success_, out);
    AppendColumn("exposed_turn", exposed_turn_, out);
    AppendColumn("attempted", attempted_, out);
    AppendColumn("executed", executed_, out);
    AppendColumn("blocked", blocked_, out);
    AppendColumn("turns", turns_, out);
    AppendColumn("tool_calls", tool_calls_, out);
    AppendColumn("attempt", attempt_, out);
    AppendColumn("amount", amount_, out);
    AppendColumn("tokens", tokens_, out);
    AppendColumn("cost", cost_, out);
    AppendColumn("kept", keeps, out);
    return out + "}}";
  }

  std::vector<std::uint64_t> index;

 private:
  void AddUsage(const Trial& trial) {
    std::int64_t tokens = 0;
    std::int64_t nano_usd = 0;
    bool known = true;
    for (const Usage& usage : trial.usage) {
      tokens += usage.prompt_tokens + usage.completion_tokens;
      known = known && usage.cost_known;
      nano_usd += usage.cost_known ? usage.cost_nano_usd : 0;
    }
    tokens_.push_back(Clip<std::uint32_t>(tokens));
    cost_.push_back(known ? static_cast<double>(nano_usd) / 1e9 : -1);
  }

  Dictionary cells_, tasks_, seeds_, goals_, channels_, stops_;
  std::vector<std::uint16_t> cell_, task_, seed_, goal_, channel_, stop_;
  std::vector<std::uint32_t> trial_, tokens_;
  std::vector<std::uint8_t> outcome_, success_, attempt_;
  std::vector<std::uint16_t> exposed_turn_, attempted_, executed_, blocked_, turns_, tool_calls_;
  std::vector<double> amount_, cost_;
  Json errors_;
  bool messages_;
};

std::vector<fs::path> RowFiles(const fs::path& run) {
  if (fs::exists(run / layout::kRows)) return {run / layout::kRows};
  std::vector<fs::path> files;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(run / layout::kShards, absent)) {
    if (entry.path().extension() == layout::kRowLog) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

Expected<std::string> ReadPart(const fs::path& path, std::uint64_t offset, std::uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(size, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size))
    return WorldError("changed while it was read; try again", path.string());
  return bytes;
}

}  // namespace

Expected<PageRows> PageRows::Open(const fs::path& run) {
  PageRows page;
  page.files_ = RowFiles(run);
  page.sealed_ = fs::exists(run / layout::kRows);
  for (std::size_t file = 0; file < page.files_.size(); ++file) {
    std::uint64_t rows = 0;
    TRY_ASSIGN(const std::uint64_t end,
               ForEachLine(page.files_[file], [&](std::uint64_t offset, std::string_view line) {
                 if (rows++ % kPageRows == 0) page.chunks_.push_back({file, offset, 0});
                 page.chunks_.back().size = offset + line.size() - page.chunks_.back().offset;
                 return Status();
               }));
    static_cast<void>(end);
    page.rows_ += rows;
  }
  const fs::path kept = run / layout::kTranscripts;
  if (fs::exists(kept)) {
    TRY_ASSIGN(auto transcripts, TranscriptFile::Open(kept));
    page.transcripts_ = std::make_shared<const TranscriptFile>(std::move(transcripts));
  }
  return page;
}

Expected<std::vector<bool>> PageRows::KeptAmong(const std::vector<std::uint64_t>& indexes) const {
  std::vector<bool> kept(indexes.size(), false);
  if (!transcripts_ || indexes.empty()) return kept;
  if (transcripts_->size() == rows_) return std::vector<bool>(indexes.size(), true);
  TRY_ASSIGN(std::size_t n, transcripts_->LowerBound(indexes.front()));
  // Sealed rows and sealed dialogues are both in plan order.
  for (std::size_t i = 0; i < indexes.size() && n < transcripts_->size();) {
    TRY_ASSIGN(const std::uint64_t index, transcripts_->IndexAt(n));
    while (i < indexes.size() && indexes[i] < index) ++i;
    if (i < indexes.size() && indexes[i] == index) kept[i] = true;
    ++n;
  }
  return kept;
}

Expected<std::string> PageRows::Chunk(std::size_t chunk, const ChunkOptions& options) const {
  if (chunk == 0 && chunks_.empty()) return Columns(options.messages).ToJson(0, 0, sealed_, {});
  if (chunk >= chunks_.size()) return UserError(fmt::format("there are {} chunks of rows", chunks_.size()));
  const Place& place = chunks_[chunk];
  TRY_ASSIGN(const std::string text, ReadPart(files_[place.file], place.offset, place.size));
  Columns columns(options.messages);
  for (std::size_t start = 0, end = 0; start < text.size(); start = end + 1) {
    end = std::min(text.find('\n', start), text.size());
    const std::string_view line = std::string_view(text).substr(start, end - start);
    // A row that is none was reported with the run; it has no place in a column.
    if (const auto trial = ParseTrialRow(line, "row")) columns.Add(*trial);
  }
  TRY_ASSIGN(auto kept, KeptAmong(columns.index));
  if (!options.messages) kept.assign(kept.size(), false);
  return columns.ToJson(chunk, options.chunks == 0 ? chunks_.size() : options.chunks, sealed_, kept);
}

Expected<std::string> PageRows::Pack(std::uint64_t pack) const {
  std::string out = "{\"transcripts\":{";
  if (transcripts_ && pack < (std::uint64_t{1} << 40U)) {
    TRY_ASSIGN(std::size_t n, transcripts_->LowerBound(pack * kPackTrials));
    for (bool first = true; n < transcripts_->size(); ++n, first = false) {
      TRY_ASSIGN(const std::uint64_t index, transcripts_->IndexAt(n));
      if (index >= (pack + 1) * kPackTrials) break;
      TRY_ASSIGN(const std::string line, transcripts_->Line(n));
      TRY_ASSIGN(const Json json, Json::Parse(line, "transcript"));
      const Json* transcript = json.Find("transcript");
      out += fmt::format("{}\"{}\":{}", first ? "" : ",", index, transcript == nullptr ? "null" : transcript->Dump());
    }
  }
  return out + "}}";
}

}  // namespace xsweep
