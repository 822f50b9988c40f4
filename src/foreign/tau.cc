// TauFile: result files of tau-bench v1 and tau2-bench, one episode at a time.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/tau.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/gzip.h"
#include "base/hash.h"
#include "base/json_slices.h"
#include "base/text.h"
#include "foreign/tau_entry.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

bool Has(std::string_view text, std::string_view key) { return text.find(key) != std::string_view::npos; }

/// In words about the file: what it is, if not what was asked for.
std::unexpected<Error> NotTau(std::string_view text, const std::string& where) {
  if (Has(text.substr(0, 4096), "\"user_task_id\"") && Has(text, "\"pipeline_name\""))
    return UserError("is a log of AgentDojo; import it with --from agentdojo", where);
  if (Has(text.substr(0, 4096), "\"eval\"") && Has(text.substr(0, 65536), "\"task_id\"") && Has(text, "\"plan\""))
    return UserError("is a log of Inspect; import it with --from inspect", where);
  if (text.starts_with("version https://git-lfs"))
    return UserError("is a pointer of Git LFS and not the file itself; `git lfs pull` fetches it", where);
  if (IsGzip(text)) return UserError("is compressed with gzip; unpack it first", where);
  const std::string name = NameOfFormat(text);
  if (!name.empty()) return UserError(fmt::format("is {}, which nobody here reads", name), where);
  return UserError(
      "holds neither tau-bench v1's list of results nor tau2's {simulations}; other formats: --from agentdojo, "
      "inspect, "
      "facts",
      where);
}

/// A relative path that stays below the file's directory.
bool StaysInside(const fs::path& path) {
  return !path.empty() && path.is_relative() &&
         std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
}

}  // namespace

Status TauFile::ReadInfo(std::string_view text) {
  TRY_ASSIGN(const Json info, ParseLogJson(text, path_.string() + ": info"));
  source_.seed = static_cast<std::uint64_t>(std::max<std::int64_t>(0, info.IntOr("seed", 0)));
  source_.commit = info.StringOr("git_commit", "");
  const auto inside = [&](std::string_view part, std::string_view key) {
    const Json* found = info.Find(part);
    return found == nullptr ? std::string() : std::string(found->StringOr(key, ""));
  };
  source_.model = inside("agent_info", "llm");
  source_.user_model = inside("user_info", "llm");
  source_.domain = inside("environment_info", "domain_name");
  return {};
}

Status TauFile::ReadTaskLabels(std::string_view tasks) {
  return ForEachElement(tasks, path_.string() + ": tasks", [&](std::string_view value, std::size_t) -> Status {
    TRY_ASSIGN(const Json task, ParseLogJson(value, path_.string() + ": tasks"));
    const Json* id = task.Find("id");
    const Json* criteria = task.Find("evaluation_criteria");
    const Json* actions = criteria == nullptr ? nullptr : criteria->Find("actions");
    if (id == nullptr || !id->is_string() || actions == nullptr || !actions->is_array() || actions->size() == 0)
      return {};
    first_action_.emplace(id->AsString(), actions->items().front().StringOr("action_id", ""));
    return {};
  });
}

Status TauFile::CutList(std::string_view text, bool only_simulations) {
  const std::string where = path_.string();
  const char* begin = file_->bytes().data();
  std::size_t counted = 0;
  std::size_t line = 1;
  return ForEachElement(text, where, [&](std::string_view value, std::size_t) -> Status {
    // Lines are counted once through the file, not from its start for every entry.
    const auto offset = static_cast<std::size_t>(value.data() - begin);
    line += LineAt(file_->bytes().substr(counted, offset - counted), offset - counted) - 1;
    counted = offset;
    if (entries_.empty() && !only_simulations) source_.format = Has(value, "\"traj\"") ? "tau1" : "tau2";
    entries_.push_back({value, line, {}});
    return {};
  });
}

Status TauFile::CutIndex(std::string_view index) {
  TRY_ASSIGN(const Json list, ParseLogJson(index, path_.string() + ": simulation_index"));
  if (!list.is_array()) return {};
  for (const Json& item : list.items()) {
    const fs::path file(
        std::string(item.is_string() ? item.AsString() : item.StringOr("path", item.StringOr("file", ""))));
    if (!StaysInside(file))
      return UserError(fmt::format("names `{}`, which is no path below its directory", Printable(file.string())),
                       path_.string() + ": simulation_index");
    entries_.push_back({{}, 0, path_.parent_path() / file});
    std::error_code ignored;
    if (!fs::is_regular_file(entries_.back().file, ignored))
      return UserError(fmt::format("names `{}`, which is not there; the simulations lie in files beside this one",
                                   Printable(file.string(), 200)),
                       path_.string() + ": simulation_index");
  }
  return {};
}

Status TauFile::CutObject(std::string_view text) {
  bool found = false;
  std::string_view index;
  TRY(ForEachMember(text, path_.string(), [&](std::string_view key, std::string_view value, std::size_t) -> Status {
    if (key == "info" && FirstOf(value) == '{') return ReadInfo(value);
    if (key == "tasks" && FirstOf(value) == '[') {
      carries_tasks_ = FirstOf(value.substr(1)) == '{';
      return ReadTaskLabels(value);
    }
    if (key == "simulation_index" && FirstOf(value) == '[') index = value;
    if (key != "simulations" || FirstOf(value) != '[') return {};
    found = true;
    return CutList(value, true);
  }));
  if (entries_.empty() && !index.empty()) {
    found = true;
    TRY(CutIndex(index));
  }
  source_.format = "tau2";
  if (!found) return NotTau(text, path_.string());
  return {};
}

Status TauFile::Cut() {
  const std::string_view text = file_->bytes();
  const char first = FirstOf(text);
  if (first != '[' && first != '{') return NotTau(text, path_.string());
  TRY(first == '[' ? CutList(text, false) : CutObject(text));
  if (entries_.empty()) return UserError("holds no episodes yet", path_.string());
  const std::string_view head = entries_.front().text;
  if (first == '[' && !Has(head, "\"traj\"") && !Has(head, "\"reward_info\"") && !Has(head, "\"messages\"") &&
      !Has(head, "\"reward\""))
    return NotTau(text, path_.string());
  if (source_.format == "tau1") carries_tasks_ = Has(head, "\"task\"") && Has(head, "\"instruction\"");
  return {};
}

Expected<TauFile> TauFile::Open(const fs::path& path) {
  TauFile file;
  file.path_ = path;
  std::error_code failure;
  if (fs::is_directory(path, failure)) file.path_ = path / "results.json";
  if (!fs::is_regular_file(file.path_, failure))
    return UserError(fs::is_directory(path, failure) ? "has no results.json" : "is no file", path.string());
  auto mapped = MappedFile::Open(file.path_);
  if (!mapped) return UserError(mapped.error().message, file.path_.string());
  file.file_ = std::make_unique<MappedFile>(std::move(*mapped));
  TRY(file.Cut());
  return file;
}

std::string TauFile::Sha256Hex() const { return Sha256(file_->bytes()); }

/// The recorded checks carry the reference actions' ids, "<task>_<n>": what the grader took the episode for.
void TauFile::NoteLabels(const Json& entry, const std::string& task) const {
  const Json* info = entry.Find("reward_info");
  const Json* checks = info == nullptr ? nullptr : info->Find("action_checks");
  if (checks == nullptr || !checks->is_array() || checks->size() == 0) return;
  const Json* action = checks->items().front().Find("action");
  const std::string id(action == nullptr ? "" : action->StringOr("action_id", ""));
  const auto cut = id.rfind('_');
  if (cut == std::string::npos || cut == 0) return;
  // The task's own actions say best; their ids need not begin with its id.
  if (const auto own = first_action_.find(task); own != first_action_.end()) {
    ++labels_.checked;
    if (own->second != id && labels_.other++ == 0)
      labels_.example = fmt::format("task_id {} has the checks of action {}", task, id);
    return;
  }
  // Only ids that begin with a task's id say anything; in some files they are "act_3" or the tool's name.
  const std::string_view owner = std::string_view(id).substr(0, cut);
  const auto digits = [](std::string_view text) { return ParseUnsigned(text).has_value(); };
  if (owner != task && !(digits(owner) && digits(task))) return;
  ++labels_.checked;
  if (owner != task && labels_.other++ == 0)
    labels_.example = fmt::format("task_id {} has the checks of action {}", task, id);
}

Status TauFile::ForEach(const std::function<Status(ForeignTrial&&)>& visit) const {
  labels_ = {};
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    std::string text;
    if (!entry.file.empty()) {
      TRY_ASSIGN(text, ReadFile(entry.file));
    }
    const std::string where =
        entry.file.empty() ? fmt::format("{}:{}: entry {}", path_.string(), entry.line, i + 1) : entry.file.string();
    TRY_ASSIGN(const Json json, ParseLogJson(entry.file.empty() ? entry.text : std::string_view(text), where));
    TRY_ASSIGN(ForeignTrial trial, source_.format == "tau1" ? ReadTau1(json, where) : ReadTau2(json, where));
    NoteLabels(json, trial.task);
    trial.arm.model = source_.model;
    trial.arm.suite = source_.domain;
    TRY(visit(std::move(trial)));
    if (i % 64 == 63) file_->Forget();
  }
  return {};
}

}  // namespace xsweep
