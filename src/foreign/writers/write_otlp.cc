// OtlpTraces: a run's trials as OpenTelemetry traces.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/write_otlp.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"

namespace xsweep {
namespace {

constexpr int kTrialsALine = 100;
constexpr std::int64_t kStep = 1000;  ///< nanoseconds between two spans

/// The list of a span's attributes.
class Attributes {
 public:
  void Text(std::string_view key, std::string_view value) {
    if (!value.empty()) Add(key, R"({"stringValue":)"), AppendJsonString(value, out_), out_ += "}}";
  }
  void Number(std::string_view key, std::int64_t value) {
    Add(key, R"({"intValue":)");
    out_ += fmt::format("\"{}\"}}}}", value);
  }
  void Real(std::string_view key, double value) {
    Add(key, R"({"doubleValue":)");
    AppendJsonDouble(value, out_);
    out_ += "}}";
  }
  void Flag(std::string_view key, bool value) {
    Add(key, R"({"boolValue":)");
    out_ += value ? "true}}" : "false}}";
  }
  std::string Take() { return "[" + out_ + "]"; }

 private:
  void Add(std::string_view key, std::string_view begin) {
    out_ += out_.empty() ? R"({"key":")" : R"(,{"key":")";
    out_.append(key).append("\",\"value\":").append(begin);
  }
  std::string out_;
};

struct Span {
  std::string trace, id, parent, name;
  int kind = 1;  ///< SPAN_KIND_INTERNAL
  std::int64_t begin = 0, end = 0;
  std::string attributes, events;
  std::string error;
};

void Append(const Span& span, std::string& out) {
  out += out.empty() ? "{" : ",{";
  out += fmt::format(R"("traceId":"{}","spanId":"{}",)", span.trace, span.id);
  if (!span.parent.empty()) out += fmt::format(R"("parentSpanId":"{}",)", span.parent);
  out += "\"name\":";
  AppendJsonString(span.name, out);
  out += fmt::format(R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":{})", span.kind,
                     span.begin, span.end, span.attributes);
  if (!span.events.empty()) out += ",\"events\":[" + span.events + "]";
  if (!span.error.empty()) {
    out += R"(,"status":{"code":2,"message":)";
    AppendJsonString(span.error, out);
    out += '}';
  }
  out += '}';
}

void AppendEvent(std::string_view name, std::int64_t time, std::string attributes, std::string& out) {
  out += out.empty() ? "{" : ",{";
  out += fmt::format(R"("timeUnixNano":"{}","name":"{}","attributes":{}}})", time, name, attributes);
}

void AddTrial(const Trial& row, const ExportedCell& cell, const std::string& model, Attributes& to) {
  to.Text("gen_ai.operation.name", "invoke_agent");
  to.Text("gen_ai.agent.name", cell.record.agent);
  to.Text("gen_ai.request.model", model);
  to.Text("gen_ai.provider.name", "xsweep");
  to.Number("gen_ai.usage.input_tokens", row.usage[Role::kAgent].prompt_tokens);
  to.Number("gen_ai.usage.output_tokens", row.usage[Role::kAgent].completion_tokens);
  to.Text("xsweep.cell", row.cell);
  to.Text("xsweep.task", row.task);
  to.Number("xsweep.seed", static_cast<std::int64_t>(row.seed));
  to.Number("xsweep.trial", row.trial);
  to.Text("xsweep.outcome", NameOf(row.outcome));
  if (row.task_success) to.Flag("xsweep.task_success", *row.task_success);
  to.Text("xsweep.attack.name", cell.record.attack);
  to.Text("xsweep.attack.goal", row.goal);
  to.Text("xsweep.attack.channel", NameOf(row.channel));
  if (!row.exposure_unknown) to.Flag("xsweep.attack.exposed", row.exposed);
  to.Number("xsweep.attack.executed", row.executed);
  to.Number("xsweep.attack.blocked", row.blocked);
  to.Text("xsweep.defense.name", cell.record.defense);
}

/// Decided on and planted: events of the trial's own span.
void AppendEvents(const Step& step, std::int64_t now, std::string& events) {
  if (step.kind == StepKind::kDefense) {
    Attributes decision;
    decision.Text("xsweep.defense.name", step.decision.defense);
    decision.Text("xsweep.defense.verdict", NameOf(step.decision.ruling));
    decision.Text("xsweep.defense.reason", step.decision.reason_code);
    AppendEvent("xsweep.defense.decision", now, decision.Take(), events);
  }
  if (step.injected) {
    Attributes planted;
    planted.Number("xsweep.turn", step.turn);
    AppendEvent("xsweep.attack.injected", now, planted.Take(), events);
  }
}

Span SpanOf(const CallRecord& record, const Step& step, const Span& root, const std::string& key) {
  Span span;
  span.trace = root.trace;
  span.parent = root.id;
  span.id = ShortHash(fmt::format("{} {}", key, step.call));
  span.name = "execute_tool " + record.call.name;
  Attributes call;
  call.Text("gen_ai.operation.name", "execute_tool");
  call.Text("gen_ai.tool.name", record.call.name);
  call.Text("gen_ai.tool.call.id", record.call.id);
  call.Text("gen_ai.tool.call.arguments", record.call.arguments.Dump());
  call.Text("gen_ai.tool.call.result", step.shown);
  call.Text("xsweep.call.fate", NameOf(record.fate));
  span.attributes = call.Take();
  if (record.fate != CallFate::kExecuted) span.error = std::string(NameOf(record.fate));
  return span;
}

Span RootOf(const ExportedRun& run, const ExportedCell& cell, const Trial& row, const std::string& key) {
  Span root;
  root.trace = Sha256(key).substr(0, 32);
  root.id = ShortHash(key);
  root.name = "invoke_agent " + (cell.record.agent.empty() ? std::string("agent") : cell.record.agent);
  // A place of its own for every trial: the spans of one never lie over those of another.
  root.begin = UnixNanoseconds(run.manifest.timestamp_utc) + static_cast<std::int64_t>(row.index) * kStep * 1000;
  root.error = ErrorText(row);
  Attributes attributes;
  AddTrial(row, cell, AgentModel(run.manifest, cell.record), attributes);
  root.attributes = attributes.Take();
  return root;
}

}  // namespace

Status OtlpTraces::Add(const ExportedCell& cell, const Trial& row, const Transcript* dialogue) {
  const std::string key = fmt::format("{} {}", run_.manifest.run_id, row.index);
  Span root = RootOf(run_, cell, row, key);
  std::int64_t now = root.begin;
  std::string children;
  for (std::size_t i = 0; dialogue != nullptr && i < dialogue->steps.size(); ++i) {
    const Step& step = dialogue->steps[i];
    now += kStep;
    AppendEvents(step, now, root.events);
    if (step.kind != StepKind::kTool || step.call < 0 || static_cast<std::size_t>(step.call) >= dialogue->calls.size())
      continue;
    Span span = SpanOf(dialogue->calls[static_cast<std::size_t>(step.call)], step, root, key);
    span.begin = now;
    span.end = now + kStep;
    Append(span, children);
  }
  root.end = now + 2 * kStep;
  Append(root, spans_);
  if (!children.empty()) spans_.append(",").append(children);
  return ++trials_ < kTrialsALine ? Status() : Finish();
}

Status OtlpTraces::Finish() {
  if (trials_ == 0) return {};
  Attributes resource;
  resource.Text("service.name", "xsweep");
  resource.Text("service.version", run_.manifest.xsweep_version);
  resource.Text("xsweep.exp", run_.manifest.exp);
  resource.Text("xsweep.run_id", run_.manifest.run_id);
  resource.Text("xsweep.mode", NameOf(run_.manifest.mode));
  const std::string line = fmt::format(
      R"({{"resourceSpans":[{{"resource":{{"attributes":{}}},"scopeSpans":[{{"scope":{{"name":"xsweep","version":"{}"}},)"
      R"("spans":[{}],"schemaUrl":"{}"}}],"schemaUrl":"{}"}}]}})"
      "\n",
      resource.Take(), run_.manifest.xsweep_version, spans_, kOtlpSchema, kOtlpSchema);
  spans_.clear();
  trials_ = 0;
  return file_.Write(line);
}

}  // namespace xsweep
