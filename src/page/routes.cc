// Routes: from a path to an answer.
// SPDX-License-Identifier: Apache-2.0
#include "page/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/embedded.h"
#include "page/page_comparison.h"
#include "page/run_list.h"
#include "record/logs/layout.h"
#include "record/run_directory.h"
#include "record/run_id.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kOverviews = 8;
constexpr std::size_t kTables = 4;
constexpr std::string_view kJson = "application/json; charset=utf-8";

WebResponse NotFound(std::string message) { return {.status = 404, .body = std::move(message) + "\n"}; }
WebResponse Failed(const Error& error) {
  return {.status = error.kind == ErrorKind::kUser ? 404 : 500, .body = error.Text() + "\n"};
}
WebResponse JsonAnswer(std::string json) { return {.type = std::string(kJson), .body = std::move(json)}; }

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t start = 1, end = 0; start < path.size(); start = end + 1) {
    end = std::min(path.find('/', start), path.size());
    parts.emplace_back(path.substr(start, end - start));
  }
  return parts;
}

/// Of "<number>.json".
std::optional<std::uint64_t> NumberOf(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (code != std::errc() || std::string_view(end, name.data() + name.size()) != ".json") return std::nullopt;
  return number;
}

std::string Mark(const fs::path& file) {
  std::error_code absent;
  const auto size = fs::file_size(file, absent);
  if (absent) return "-";
  return fmt::format("{}@{}", size, fs::last_write_time(file, absent).time_since_epoch().count());
}

/// Changes whenever what the page shows of a run may have changed.
std::string SignatureOf(const fs::path& run) {
  std::string signature = Mark(run / layout::kManifest) + Mark(run / layout::kRows) + Mark(run / layout::kNotes);
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(run / layout::kShards, absent)) {
    if (entry.path().extension() == layout::kRowLog) signature += entry.path().filename().string() + Mark(entry.path());
  }
  return signature;
}

std::string_view TypeOf(const fs::path& name) {
  const std::string extension = name.extension().string();
  if (extension == ".png") return "image/png";
  if (extension == ".svg") return "image/svg+xml";
  if (extension == ".json") return kJson;
  if (extension == ".zst") return "application/zstd";
  return "text/plain; charset=utf-8";
}

WebResponse PageFile(std::string_view name) {
  const EmbeddedFile* file = FindEmbedded("web/dist/" + std::string(name));
  if (file == nullptr && name == "index.html") {
    return {.body =
                "This xsweep was built without its page (npm was not there). tools/build_web.sh, then building again, "
                "adds it.\nThe data is here all the same: /data/runs.json\n"};
  }
  if (file == nullptr) return NotFound("no such file of the page");
  if (name == "index.html") {
    std::string html(file->bytes);
    const std::string_view quiet = "name=\"xsweep-source\" content=\"files\"";
    if (const std::size_t at = html.find(quiet); at != std::string::npos) {
      html.replace(at, quiet.size(), "name=\"xsweep-source\" content=\"live\"");
    }
    return {.type = "text/html; charset=utf-8", .body = std::move(html)};
  }
  return {.type = name.ends_with(".js") ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8",
          .body = std::string(file->bytes)};
}

/// Reads a run, again when it moved on meanwhile: sealing renames and removes files.
template <class Read>
auto ReadSettled(const fs::path& run, std::string& signature, const Read& read) {
  auto result = read();
  for (int tries = 0; !result && tries < 4; ++tries) {
    const std::string now = SignatureOf(run);
    if (now == signature) break;
    signature = now;
    result = read();
  }
  return result;
}

template <class Value>
Value* Touch(std::list<std::pair<std::string, Value>>& kept, const std::string& key, const std::string& signature) {
  const auto found = std::ranges::find(kept, key, &std::pair<std::string, Value>::first);
  if (found == kept.end()) return nullptr;
  if (found->second.signature != signature) {
    kept.erase(found);
    return nullptr;
  }
  kept.splice(kept.begin(), kept, found);
  return &kept.front().second;
}

}  // namespace

Routes::Routes(const fs::path& results) : results_(fs::weakly_canonical(results)) {}

// The standard library's file system throws where a name is odd (a loop of links, too long); one such run must not end
// the server for all others.
PageAnswer Routes::Answer(const std::string& path) {
  try {
    return AnswerTo(path);
  } catch (const std::exception& failure) {
    return {{.status = 500, .body = std::string(failure.what()) + "\n"}};
  }
}

PageAnswer Routes::AnswerTo(const std::string& path) {
  const std::vector<std::string> parts = Split(path);
  if (parts.empty() || path == "/index.html") return {PageFile("index.html")};
  if (parts[0] == "assets" && parts.size() == 2) return {PageFile("assets/" + parts[1])};
  if (parts[0] == "data") return Data(parts);
  if (parts[0] == "files") return {File(parts)};
  return {NotFound("there is nothing at this address")};
}

Expected<fs::path> Routes::RunAt(const std::string& exp, const std::string& run) const {
  TRY(CheckPathName(exp, "exp"));
  TRY(CheckPathName(run, "run id"));
  std::error_code absent;
  fs::path path = fs::canonical(results_ / exp / run, absent);
  // A link out of the results directory is not followed.
  if (absent || path != results_ / exp / run || !fs::is_regular_file(path / layout::kManifest, absent)) {
    return UserError("there is no such run");
  }
  TRY(CheckOwnFiles(path));
  return path;
}

PageAnswer Routes::Data(const std::vector<std::string>& parts) {
  if (parts.size() == 2 && parts[1] == "events") return Events();
  if (parts.size() == 2 && parts[1] == "runs.json") {
    const auto runs = RunList();
    return {runs ? JsonAnswer(**runs) : Failed(runs.error())};
  }
  if (parts.size() < 4) return {NotFound("there is no such data")};
  const auto run = RunAt(parts[1], parts[2]);
  return {run ? RunPart(*run, parts) : Failed(run.error())};
}

WebResponse Routes::RunPart(const fs::path& run, const std::vector<std::string>& parts) {
  if (parts.size() == 4 && parts[3] == layout::kManifest) {
    const auto overview = OverviewOf(run);
    return overview ? JsonAnswer(**overview) : Failed(overview.error());
  }
  if (parts.size() == 6 && parts[3] == "compare" && parts[5].ends_with(".json")) {
    const auto other = RunAt(parts[4], parts[5].substr(0, parts[5].size() - 5));
    if (!other) return Failed(other.error());
    const auto comparison = ComparisonForPage(run, *other);
    return comparison ? JsonAnswer(comparison->Dump()) : Failed(comparison.error());
  }
  const auto number = parts.size() == 5 ? NumberOf(parts[4]) : std::nullopt;
  if (!number || (parts[3] != "trials" && parts[3] != "transcripts")) return NotFound("there is no such data");
  const auto rows = RowsOf(run);
  if (!rows) return Failed(rows.error());
  auto text = parts[3] == "trials" ? (*rows)->Chunk(*number) : (*rows)->Pack(*number);
  return text ? JsonAnswer(std::move(*text)) : Failed(text.error());
}

WebResponse Routes::File(const std::vector<std::string>& parts) {
  if (parts.size() != 4 || !CheckPathName(parts[3], "file")) return NotFound("there is no such file");
  const auto run = RunAt(parts[1], parts[2]);
  if (!run) return Failed(run.error());
  const fs::path file = *run / parts[3];
  std::error_code absent;
  if (!fs::is_regular_file(fs::symlink_status(file, absent))) return NotFound("there is no such file");
  WebResponse response{.type = std::string(TypeOf(file)), .file = file};
  // An SVG of a run is a document of its own: opened alone it must not act either.
  response.headers = {{"Content-Disposition", "attachment; filename=\"" + parts[3] + "\""}};
  return response;
}

Expected<std::shared_ptr<const std::string>> Routes::RunList() {
  const auto seen = Watch();
  const std::lock_guard lock(list_mutex_);
  std::string index = Mark(results_ / layout::kIndex);
  if (list_.json && list_.index == index && (list_.seen == seen || *list_.seen == *seen)) return list_.json;
  TRY_ASSIGN(const Json runs, RunsForPage(results_));
  list_ = {seen, std::move(index), std::make_shared<const std::string>(runs.Dump())};
  return list_.json;
}

Expected<std::shared_ptr<const std::string>> Routes::OverviewOf(const fs::path& run) {
  const std::lock_guard lock(overviews_mutex_);
  std::string signature = SignatureOf(run);
  if (const Overview* known = Touch(overviews_, run.string(), signature)) return known->json;
  TRY_ASSIGN(const Json json, ReadSettled(run, signature, [&] { return RunForPage(results_, run); }));
  auto text = std::make_shared<const std::string>(json.Dump());
  overviews_.emplace_front(run.string(), Overview{signature, text});
  if (overviews_.size() > kOverviews) overviews_.pop_back();
  return text;
}

Expected<std::shared_ptr<const PageRows>> Routes::RowsOf(const fs::path& run) {
  const std::lock_guard lock(tables_mutex_);
  std::string signature = SignatureOf(run);
  if (const Table* known = Touch(tables_, run.string(), signature)) return known->rows;
  TRY_ASSIGN(auto opened, ReadSettled(run, signature, [&] { return PageRows::Open(run); }));
  auto rows = std::make_shared<const PageRows>(std::move(opened));
  tables_.emplace_front(run.string(), Table{signature, rows});
  if (tables_.size() > kTables) tables_.pop_back();
  return rows;
}

std::shared_ptr<const Routes::Signatures> Routes::Watch() {
  const std::lock_guard lock(watch_mutex_);
  const auto start = std::chrono::steady_clock::now();
  if (watched_ && start < watch_again_) return watched_;
  auto seen = std::make_shared<Signatures>();
  (*seen)[""] = Mark(results_ / layout::kIndex);
  for (const fs::path& run : AllRuns(results_)) {
    const std::string path = run.parent_path().filename().string() + "/" + run.filename().string();
    // A sealed run rests; looking at one file is enough to notice that it was reported on again.
    std::error_code ignored;
    (*seen)[path] = fs::exists(run / layout::kShards, ignored) ? SignatureOf(run) : Mark(run / layout::kManifest);
  }
  watched_ = seen;
  // However many runs there are, looking after them takes a twentieth of one core at most.
  const auto end = std::chrono::steady_clock::now();
  watch_again_ = end + std::max<std::chrono::nanoseconds>(std::chrono::milliseconds(900), 20 * (end - start));
  return seen;
}

PageAnswer Routes::Events() {
  PageAnswer answer{{.type = "text/event-stream"}};
  auto last = std::make_shared<std::shared_ptr<const Signatures>>(Watch());
  answer.events = [this, last]() -> std::string {
    const auto now = Watch();
    const auto before = std::exchange(*last, now);
    Json changed = Json::MakeArray();
    for (const auto& [path, signature] : *now) {
      const auto old = before->find(path);
      if (old == before->end() || old->second != signature) changed.Append(path);
    }
    return changed.size() == 0 ? "" : "event: changed\ndata: " + changed.Dump() + "\n\n";
  };
  return answer;
}

}  // namespace xsweep
