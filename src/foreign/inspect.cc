// Inspect's logs: .eval archives and .json files.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/files.h"
#include "base/json_slices.h"
#include "base/text.h"
#include "foreign/inspect_findings.h"
#include "foreign/inspect_scores.h"
#include "foreign/payload_match.h"
#include "foreign/zip.h"

namespace xsweep {
namespace {

/// What a log says of all its samples.
struct Log {
  std::string model, task, attack, defense;
};

std::string TextOf(const Json* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string()                        ? value->AsString()
         : value->is_object() || value->is_array() ? std::string()
                                                   : value->Dump();
}

/// The first of these keys that holds a text or a number.
std::string FirstText(const Json* object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (std::string text = object == nullptr ? "" : TextOf(object->Find(key)); !text.empty()) return text;
  }
  return {};
}

Log ReadHeader(const Json& header) {
  Log log;
  const Json* eval = header.Find("eval");
  if (eval == nullptr) return log;
  log.model = eval->StringOr("model", "");
  log.task = eval->StringOr("task", "");
  log.task = log.task.substr(log.task.rfind('/') + 1);
  const Json* args = eval->Find("task_args");
  log.attack = FirstText(args, {"attack", "attack_name", "attack_type"});
  log.defense = FirstText(args, {"defense", "defence"});
  return log;
}

void ReadUsage(const Json* usage, ForeignTrial& trial) {
  trial.agent.cost_known = false;
  if (usage == nullptr || !usage->is_object()) return;
  for (const auto& [model, used] : usage->members()) {
    trial.agent.prompt_tokens += std::max<std::int64_t>(0, used.IntOr("input_tokens", 0));
    trial.agent.completion_tokens += std::max<std::int64_t>(0, used.IntOr("output_tokens", 0));
    const double cost = used.DoubleOr("total_cost", -1);
    if (cost < 0 || cost >= 1e6) continue;
    trial.agent.cost_nano_usd += std::llround(cost * 1e9);
    trial.agent.cost_known = true;
  }
}

std::string ContentOf(const Json& message) {
  const Json* content = message.Find("content");
  if (content == nullptr) return {};
  if (content->is_string()) return content->AsString();
  std::string out;
  if (!content->is_array()) return out;
  for (const Json& part : content->items()) {
    const std::string_view text = part.StringOr("text", "");
    if (!text.empty()) out.append(out.empty() ? "" : "\n").append(text);
  }
  return out;
}

/// Inspect's messages as a transcript of ours.
class Dialogue {
 public:
  explicit Dialogue(ForeignTrial& trial) : trial_(trial) {}
  void Read(const Json& message) {
    const std::string_view role = message.StringOr("role", "");
    if (role == "system") out_.system += (out_.system.empty() ? "" : "\n") + ContentOf(message);
    if (role == "user") {
      ++trial_.turns;
      Add(StepKind::kUser, ContentOf(message));
    }
    if (role == "assistant") Agent(message);
    if (role == "tool") Tool(message);
  }
  Transcript Take(Stop stop) {
    out_.stop = stop;
    return std::move(out_);
  }

 private:
  Step& Add(StepKind kind, std::string shown) {
    Step& step = out_.steps.emplace_back();
    step.kind = kind;
    step.turn = trial_.turns;
    step.shown = std::move(shown);
    return step;
  }
  void Agent(const Json& message) {
    ++trial_.agent.calls;
    Step& step = Add(StepKind::kAgent, ContentOf(message));
    const Json* calls = message.Find("tool_calls");
    if (calls == nullptr || !calls->is_array()) return;
    for (const Json& json : calls->items()) {
      const Json* arguments = json.Find("arguments");
      ++trial_.tool_calls;
      waiting_.push_back({std::string(json.StringOr("id", "")), std::string(json.StringOr("function", "")),
                          arguments == nullptr ? Json::MakeObject() : *arguments});
      step.calls.push_back(waiting_.back());
    }
  }
  void Tool(const Json& message) {
    CallRecord& record = out_.calls.emplace_back();
    const auto asked = std::ranges::find(waiting_, message.StringOr("tool_call_id", ""), &ToolCall::id);
    if (asked != waiting_.end()) {
      record.call = std::move(*asked);
      waiting_.erase(asked);
    } else {
      record.call = {std::string(message.StringOr("tool_call_id", "")), std::string(message.StringOr("function", "")),
                     Json::MakeObject()};
    }
    record.turn = trial_.turns;
    const Json* error = message.Find("error");
    record.fate = error != nullptr && error->is_object() ? CallFate::kFailed : CallFate::kExecuted;
    record.content = ContentOf(message);
    Add(StepKind::kTool, record.content).call = static_cast<int>(out_.calls.size()) - 1;
  }
  ForeignTrial& trial_;
  std::vector<ToolCall> waiting_;
  Transcript out_;
};

/// The members of a sample that matter; its events, which are most of it, are never parsed.
constexpr std::string_view kWanted[] = {"id",       "epoch",       "metadata",   "scores", "error",        "uuid",
                                        "messages", "model_usage", "total_time", "limit",  "invalidation", "output"};

Expected<Json> Sketch(std::string_view text, const std::string& where) {
  Json sample = Json::MakeObject();
  TRY(ForEachMember(text, where, [&](std::string_view key, std::string_view value, std::size_t) -> Status {
    if (std::ranges::find(kWanted, key) == std::end(kWanted)) return {};
    TRY_ASSIGN(Json parsed, ParseLogJson(value, where + ": " + std::string(key)));
    sample.Set(key, std::move(parsed));
    return {};
  }));
  return sample;
}

/// "12" of a suite's tasks becomes user_task_12; a full id stays.
std::string TaskName(const std::string& prefix, const std::string& id) { return ParseUnsigned(id) ? prefix + id : id; }

/// Whether an attack was on, and of what. AgentDojo's port keeps suite, task and injection in the metadata.
void ReadArm(const Json& sample, const Log& log, ForeignTrial& trial) {
  const Json* metadata = sample.Find("metadata");
  trial.arm.model = log.model;
  trial.arm.defense = log.defense;
  const std::string suite = FirstText(metadata, {"task_suite_name", "suite", "suite_name", "domain", "category"});
  trial.arm.suite = suite.empty() ? log.task : suite;
  const std::string task = FirstText(metadata, {"user_task_id", "task_id"});
  trial.task = task.empty() ? TextOf(sample.Find("id")) : TaskName(suite.empty() ? "" : "user_task_", task);
  const std::string injection = FirstText(metadata, {"injection_task_id", "injection_id"});
  if (!injection.empty()) trial.injection = TaskName("injection_task_", injection);
  const bool attacked = !trial.injection.empty() || trial.success.has_value();
  if (!attacked) return;
  trial.arm.setting = Setting::kAttacked;
  trial.arm.attack = log.attack.empty() ? "unnamed" : log.attack;
}

/// What a sample says of how it ended. What the attack has achieved stays achieved, whatever came after it.
void ReadEnd(const Json& sample, ForeignTrial& trial) {
  const Json* error = sample.Find("error");
  if (error != nullptr && error->is_object()) {
    trial.error = error->StringOr("message", "the sample ended in an error");
  } else if (error != nullptr && error->is_string() && !error->AsString().empty()) {
    trial.error = error->AsString();
  }
  if (trial.error.empty()) trial.error = WhyVoid(sample);
  GradeByScores(sample.Find("scores"), trial);
  if (trial.error.empty() && !trial.success.value_or(false)) trial.error = WhyUnanswered(sample);
}

Expected<ForeignTrial> ReadSample(const Json& sample, const Log& log, const std::string& where) {
  if (TextOf(sample.Find("id")).empty()) return UserError("is a sample without an id", where);
  ForeignTrial trial;
  trial.place = where;
  const std::int64_t epoch = sample.IntOr("epoch", 1);
  trial.trial = epoch >= 1 && epoch < 1'000'000 ? static_cast<std::uint32_t>(epoch - 1) : 0;
  ReadEnd(sample, trial);
  ReadArm(sample, log, trial);
  if (trial.error.empty() && trial.arm.setting == Setting::kAttacked && !trial.success)
    trial.error = "the sample holds no verdict on the attack";
  ReadUsage(sample.Find("model_usage"), trial);
  const double seconds = sample.DoubleOr("total_time", -1);
  if (seconds >= 0) trial.seconds = seconds;
  const Json* messages = sample.Find("messages");
  Dialogue dialogue(trial);
  for (const Json& message : messages != nullptr && messages->is_array() ? messages->items() : std::vector<Json>())
    dialogue.Read(message);
  const Json* limit = sample.Find("limit");
  const bool limited = limit != nullptr && limit->is_object();
  trial.dialogue = std::make_unique<Transcript>(dialogue.Take(!trial.error.empty() ? Stop::kError
                                                              : limited            ? Stop::kMaxTurns
                                                                                   : Stop::kAgentStop));
  return trial;
}

void Remember(const Log& log, ForeignSource& source) {
  source.format = "inspect";
  if (source.model.empty()) source.model = log.model;
  if (source.domain.empty()) source.domain = log.task;
}

/// Hands on what one sample says, unless an earlier log has said it.
Status Visit(std::string_view text, const Log& log, const std::string& where, InspectFindings& findings,
             const std::function<Status(ForeignTrial&&)>& visit) {
  TRY_ASSIGN(const Json sample, Sketch(text, where));
  const std::string uuid = TextOf(sample.Find("uuid"));
  if (!uuid.empty() && !findings.uuids.insert(uuid).second) {
    ++findings.copies;
    return {};
  }
  const Json* limit = sample.Find("limit");
  if (limit != nullptr && limit->is_object()) ++findings.limits[std::string(limit->StringOr("type", "unknown"))];
  TRY_ASSIGN(ForeignTrial trial, ReadSample(sample, log, where));
  return visit(std::move(trial));
}

Status ReadArchive(std::string_view bytes, const std::string& where, ForeignSource& source, InspectFindings& findings,
                   const std::function<Status(ForeignTrial&&)>& visit) {
  TRY_ASSIGN(const ZipReader zip, ZipReader::Open(bytes, where));
  const ZipReader::Entry* header = zip.Find("header.json");
  if (header == nullptr) header = zip.Find("_journal/start.json");
  if (header == nullptr)
    return UserError("is no log of Inspect: it has no header.json and no _journal/start.json", where);
  TRY_ASSIGN(const std::string text, zip.Read(*header));
  TRY_ASSIGN(const Json json, ParseLogJson(text, where + ": " + header->name));
  const Log log = ReadHeader(json);
  Remember(log, source);
  std::uint64_t samples = 0;
  for (const ZipReader::Entry& entry : zip.entries()) {
    const std::string_view name = entry.name;
    // A chunked sample has a folder of its own; what is known to be whole is one file.
    if (!name.starts_with("samples/") || !name.ends_with(".json") || zip.Find(name) != &entry) continue;
    const std::string at = where + ": " + entry.name;
    TRY_ASSIGN(const std::string sample, zip.Read(entry));
    ++samples;
    TRY(Visit(sample, log, at, findings, visit));
  }
  FindInHeader(json, samples, where, findings);
  return samples == 0 ? Status(UserError("holds no samples", where)) : Status();
}

/// Members of a .json log that an archive has in its header.
constexpr std::string_view kHeader[] = {"eval", "status", "results", "invalidated", "version"};

Status ReadJsonLog(std::string_view text, const std::string& where, ForeignSource& source, InspectFindings& findings,
                   const std::function<Status(ForeignTrial&&)>& visit) {
  Json header = Json::MakeObject();
  std::string_view samples;
  TRY(ForEachMember(text, where, [&](std::string_view key, std::string_view value, std::size_t) -> Status {
    if (key == "samples") samples = value;
    if (std::ranges::find(kHeader, key) == std::end(kHeader)) return {};
    TRY_ASSIGN(Json parsed, ParseLogJson(value, where + ": " + std::string(key)));
    header.Set(key, std::move(parsed));
    return {};
  }));
  if (header.Find("eval") == nullptr) return UserError("is no log of Inspect: it has no `eval`", where);
  const Log log = ReadHeader(header);
  Remember(log, source);
  if (FirstOf(samples) != '[') return UserError("holds no samples", where);
  std::uint64_t count = 0;
  TRY(ForEachElement(samples, where, [&](std::string_view value, std::size_t) -> Status {
    return Visit(value, log, fmt::format("{}: sample {}", where, ++count), findings, visit);
  }));
  FindInHeader(header, count, where, findings);
  return count == 0 ? Status(UserError("holds no samples", where)) : Status();
}

}  // namespace

bool LooksLikeInspect(std::string_view head) {
  if (head.starts_with("PK\x03\x04")) return true;
  head = head.substr(0, 1U << 16U);
  return FirstOf(head) == '{' && head.find("\"eval\"") != std::string_view::npos &&
         (head.find("\"eval_id\"") != std::string_view::npos || head.find("\"task_id\"") != std::string_view::npos ||
          head.find("\"run_id\"") != std::string_view::npos) &&
         head.find("\"version\"") != std::string_view::npos;
}

Status ReadInspectLog(const std::filesystem::path& path, ForeignSource& source, InspectFindings& findings,
                      const std::function<Status(ForeignTrial&&)>& visit) {
  const std::string where = path.string();
  auto file = MappedFile::Open(path);
  if (!file) return UserError(file.error().message, where);
  const std::string_view bytes = file->bytes();
  if (bytes.starts_with("PK")) return ReadArchive(bytes, where, source, findings, visit);
  return ReadJsonLog(bytes, where, source, findings, visit);
}

}  // namespace xsweep
