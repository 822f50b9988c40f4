// TauFile: result files of tau-bench v1 and tau2-bench, one episode at a time.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/tau.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "base/json_slices.h"
#include "base/text.h"
#include "foreign/python_literal.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStopWord = "###STOP###";
constexpr std::string_view kTransferTool = "transfer_to_human_agents";

std::string TextOf(const Json& message) {
  const Json* content = message.Find("content");
  return content != nullptr && content->is_string() ? content->AsString() : std::string();
}

/// v1 keeps OpenAI's form (a function with its arguments as text), tau2 its own (name and object). Arguments that are
/// no JSON may be a Python literal; what is neither stays the text it was, and the environment refuses it as it would
/// have then.
ToolCall CallOf(const Json& json) {
  const Json* function = json.Find("function");
  const Json& named = function == nullptr ? json : *function;
  const Json* arguments = named.Find("arguments");
  ToolCall call{std::string(json.StringOr("id", "")), std::string(named.StringOr("name", "")), Json::MakeObject()};
  if (arguments == nullptr) return call;
  call.arguments = *arguments;
  if (!arguments->is_string()) return call;
  if (auto parsed = Json::Parse(arguments->AsString())) {
    call.arguments = std::move(*parsed);
  } else if (auto literal = ParsePythonLiteral(arguments->AsString()); literal && literal->is_object()) {
    call.arguments = std::move(*literal);
  }
  return call;
}

/// Follows a recorded dialogue and builds the transcript.
class Reader {
 public:
  explicit Reader(bool first_call_only) : first_call_only_(first_call_only) {}

  void Read(const Json& message) {
    const std::string_view role = message.StringOr("role", "");
    if (role == "system") out_.system = TextOf(message);
    if (role == "user") User(message);
    if (role == "assistant") Agent(message);
    if (role == "tool") Tool(message);
  }
  Transcript Take() { return std::move(out_); }

 private:
  Step& Add(StepKind kind, std::string shown) {
    Step& step = out_.steps.emplace_back();
    step.kind = kind;
    step.turn = turn_;
    step.shown = std::move(shown);
    return step;
  }
  void User(const Json& message) {
    ++turn_;
    Add(StepKind::kUser, TextOf(message));
  }
  void Agent(const Json& message) {
    Step& step = Add(StepKind::kAgent, TextOf(message));
    const Json* calls = message.Find("tool_calls");
    if (calls == nullptr || !calls->is_array()) return;
    for (const Json& call : calls->items()) {
      step.calls.push_back(CallOf(call));
      waiting_.push_back(step.calls.back());
      if (first_call_only_) break;
    }
  }
  void Tool(const Json& message) {
    if (message.StringOr("requestor", "assistant") == "user" || waiting_.empty()) return;
    const std::string_view id = message.StringOr("tool_call_id", message.StringOr("id", ""));
    auto asked = std::ranges::find(waiting_, id, &ToolCall::id);
    if (asked == waiting_.end()) asked = waiting_.begin();
    CallRecord& record = out_.calls.emplace_back();
    record.call = std::move(*asked);
    waiting_.erase(asked);
    record.turn = turn_;
    record.content = TextOf(message);
    const bool failed = message.BoolOr("error", false) || record.content.starts_with("Error");
    record.fate = failed ? CallFate::kFailed : CallFate::kExecuted;
    Add(StepKind::kTool, record.content).call = static_cast<int>(out_.calls.size()) - 1;
  }

  bool first_call_only_;
  int turn_ = 0;
  std::vector<ToolCall> waiting_;
  Transcript out_;
};

Transcript ReadDialogue(const Json* messages, bool first_call_only) {
  Reader reader(first_call_only);
  if (messages != nullptr && messages->is_array()) {
    for (const Json& message : messages->items()) reader.Read(message);
  }
  return reader.Take();
}

/// v1 does not say why an episode ended; its last message does.
std::string StopOf(const Transcript& transcript) {
  if (transcript.steps.empty()) return "error";
  const Step& last = transcript.steps.back();
  if (last.kind == StepKind::kUser && last.shown.find(kStopWord) != std::string::npos) return "user_stop";
  if (last.kind == StepKind::kTool && transcript.calls.back().call.name == kTransferTool) return "transfer";
  return "max_turns";
}

std::optional<double> Number(const Json* value) {
  return value != nullptr && value->is_number() && std::isfinite(value->AsDouble()) ? std::optional(value->AsDouble())
                                                                                    : std::nullopt;
}

/// An id may be a number (v1) or a text (tau2).
std::string IdOf(const Json& entry) {
  const Json* id = entry.Find("task_id");
  if (id == nullptr) return {};
  if (id->is_string()) return id->AsString();
  return id->is_int() ? std::to_string(id->AsInt()) : std::string();
}

std::int64_t Tokens(const Json& usage, std::string_view key) {
  const Json* value = usage.Find(key);
  if (value == nullptr || !value->is_number()) return 0;
  const double tokens = value->AsDouble();
  return tokens > 0 && tokens < 1e12 ? std::llround(tokens) : 0;
}

std::optional<std::int64_t> NanoUsd(const std::optional<double>& cost_usd) {
  if (!cost_usd || *cost_usd < 0 || *cost_usd > 1e9) return std::nullopt;
  return std::llround(*cost_usd * 1e9);
}

/// What the messages of one role say was used. Without a word on costs the cost is unknown, never 0.
TrialUsage UsageOf(const Json* messages, std::string_view role, const std::optional<double>& total_cost_usd) {
  TrialUsage usage;
  std::optional<double> cost;
  const std::vector<Json> none;
  for (const Json& message : messages != nullptr && messages->is_array() ? messages->items() : none) {
    if (message.StringOr("role", "") != role) continue;
    ++usage.calls;
    if (const auto part = Number(message.Find("cost"))) cost = cost.value_or(0) + *part;
    const Json* used = message.Find("usage");
    if (used == nullptr || !used->is_object()) continue;
    usage.prompt_tokens += Tokens(*used, "prompt_tokens");
    usage.completion_tokens += Tokens(*used, "completion_tokens");
  }
  usage.cost_nano_usd = NanoUsd(total_cost_usd ? total_cost_usd : cost);
  return usage;
}

void CountDialogue(ForeignTrial& trial) {
  const Transcript& dialogue = *trial.dialogue;
  trial.turns = static_cast<int>(std::ranges::count(dialogue.steps, StepKind::kUser, &Step::kind));
  trial.tool_calls = static_cast<int>(dialogue.calls.size());
}

Expected<ForeignTrial> StartTrial(const Json& entry, const std::string& where) {
  if (!entry.is_object()) return UserError("is no object", where);
  ForeignTrial trial;
  trial.place = where;
  trial.task = IdOf(entry);
  if (trial.task.empty()) return UserError("has no task_id, so nobody can tell which task it is of", where);
  const std::int64_t number = entry.IntOr("trial", 0);
  if (number < 0 || number > 1'000'000) return UserError("has no sensible trial number", where);
  trial.trial = static_cast<std::uint32_t>(number);
  return trial;
}

/// What was not graded, or graded with what is no reward, is an error and no failure.
void Grade(const Json* reward, ForeignTrial& trial) {
  trial.reward = Number(reward);
  if (!trial.error.empty()) return;
  if (!trial.reward) {
    trial.error = "the recorded episode was not graded";
  } else if (*trial.reward < -1e-9 || *trial.reward > 1 + 1e-6) {
    trial.error = fmt::format("the recorded reward {:g} is outside the range 0 to 1", *trial.reward);
  }
}

Expected<ForeignTrial> ReadTau1(const Json& entry, const std::string& where) {
  TRY_ASSIGN(ForeignTrial trial, StartTrial(entry, where));
  const Json* info = entry.Find("info");
  const Json* error = info == nullptr ? nullptr : info->Find("error");
  if (error != nullptr && !error->is_null()) trial.error = error->is_string() ? error->AsString() : error->Dump();
  Grade(entry.Find("reward"), trial);
  const Json* dialogue = entry.Find("traj");
  trial.agent = UsageOf(dialogue, "assistant", std::nullopt);
  trial.user = UsageOf(dialogue, "user", info == nullptr ? std::nullopt : Number(info->Find("user_cost")));
  trial.dialogue = std::make_unique<Transcript>(ReadDialogue(dialogue, true));
  trial.dialogue->stop = trial.error.empty() ? StopOf(*trial.dialogue) : "error";
  CountDialogue(trial);
  return trial;
}

/// Ends that say nothing about the agent. The others (max_steps, too_many_errors, agent_error) are its failures.
constexpr std::string_view kHarnessFailures[] = {"infrastructure_error", "user_error", "unexpected_error"};

std::string StopFromTau2(std::string_view reason) {
  if (reason == "user_stop" || reason == "agent_stop") return std::string(reason);
  if (reason == "too_many_errors") return "tool_errors";
  return "max_turns";
}

Expected<ForeignTrial> ReadTau2(const Json& entry, const std::string& where) {
  TRY_ASSIGN(ForeignTrial trial, StartTrial(entry, where));
  const std::string reason(entry.StringOr("termination_reason", ""));
  if (std::ranges::find(kHarnessFailures, reason) != std::end(kHarnessFailures))
    trial.error = "the recorded episode ended in " + reason;
  const Json* reward_info = entry.Find("reward_info");
  Grade(reward_info == nullptr ? nullptr : reward_info->Find("reward"), trial);
  const Json* messages = entry.Find("messages");
  trial.agent = UsageOf(messages, "assistant", Number(entry.Find("agent_cost")));
  trial.user = UsageOf(messages, "user", Number(entry.Find("user_cost")));
  trial.seconds = Number(entry.Find("duration"));
  trial.dialogue = std::make_unique<Transcript>(ReadDialogue(messages, false));
  trial.dialogue->stop = trial.error.empty() ? StopFromTau2(reason) : "error";
  CountDialogue(trial);
  return trial;
}

bool Has(std::string_view text, std::string_view key) { return text.find(key) != std::string_view::npos; }

/// In words about the file: what it is, if not what was asked for.
std::unexpected<Error> NotTau(std::string_view text, const std::string& where) {
  if (Has(text.substr(0, 4096), "\"user_task_id\"") && Has(text, "\"pipeline_name\""))
    return UserError("is a log of AgentDojo; import it with --from agentdojo", where);
  if (Has(text.substr(0, 4096), "\"eval\"") && Has(text.substr(0, 65536), "\"task_id\"") && Has(text, "\"plan\""))
    return UserError("is a log of Inspect; import it with --from inspect", where);
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
  TRY_ASSIGN(const Json info, ParsePythonJson(text, path_.string() + ": info"));
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
    TRY_ASSIGN(const Json task, ParsePythonJson(value, path_.string() + ": tasks"));
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
  TRY_ASSIGN(const Json list, ParsePythonJson(index, path_.string() + ": simulation_index"));
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
    TRY_ASSIGN(const Json json, ParsePythonJson(entry.file.empty() ? entry.text : std::string_view(text), where));
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
