// OtlpTraces: a run's trials as OpenTelemetry traces.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/write_otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/hash.h"

namespace xsweep {
namespace {

// What a batch holds: receivers refuse bodies of more than some 20 MB.
constexpr int kMostTrials = 100;
constexpr std::size_t kMostBytes = std::size_t{4} << 20U;
constexpr std::int64_t kStep = 1000;  ///< nanoseconds between two spans

void AddTrial(const Trial& row, const ExportedCell& cell, const std::string& model, OtlpAttributes& to) {
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
void AddEvents(const Step& step, std::int64_t now, std::vector<OtlpEvent>& events) {
  if (step.kind == StepKind::kDefense) {
    OtlpEvent& decision = events.emplace_back(OtlpEvent{.name = "xsweep.defense.decision", .time = now});
    decision.attributes.Text("xsweep.defense.name", step.decision.defense);
    decision.attributes.Text("xsweep.defense.verdict", NameOf(step.decision.ruling));
    decision.attributes.Text("xsweep.defense.reason", step.decision.reason_code);
  }
  if (step.injected)
    events.emplace_back(OtlpEvent{.name = "xsweep.attack.injected", .time = now})
        .attributes.Number("xsweep.turn", step.turn);
}

OtlpSpan SpanOf(const CallRecord& record, const Step& step, const OtlpSpan& root, const std::string& key) {
  OtlpSpan span;
  span.trace = root.trace;
  span.parent = root.id;
  span.id = ShortHash(fmt::format("{} {}", key, step.call));
  span.name = "execute_tool " + record.call.name;
  OtlpAttributes& call = span.attributes;
  call.Text("gen_ai.operation.name", "execute_tool");
  call.Text("gen_ai.tool.name", record.call.name);
  call.Text("gen_ai.tool.call.id", record.call.id);
  call.Text("gen_ai.tool.call.arguments", record.call.arguments.Dump());
  call.Text("gen_ai.tool.call.result", step.shown);
  call.Text("xsweep.call.fate", NameOf(record.fate));
  if (record.fate != CallFate::kExecuted) span.error = std::string(NameOf(record.fate));
  return span;
}

OtlpSpan RootOf(const ExportedRun& run, const ExportedCell& cell, const Trial& row, const std::string& key) {
  OtlpSpan root;
  root.trace = Sha256(key).substr(0, 32);
  root.id = ShortHash(key);
  root.name = "invoke_agent " + (cell.record.agent.empty() ? std::string("agent") : cell.record.agent);
  // A place of its own for every trial: the spans of one never lie over those of another.
  root.begin = UnixNanoseconds(run.manifest.timestamp_utc) + static_cast<std::int64_t>(row.index) * kStep * 1000;
  root.error = ErrorText(row);
  AddTrial(row, cell, AgentModel(run.manifest, cell.record), root.attributes);
  return root;
}

}  // namespace

Status OtlpTraces::Add(const ExportedCell& cell, const Trial& row, const Transcript* dialogue) {
  const std::string key = fmt::format("{} {}", PublicName(run_.manifest), row.index);
  OtlpSpan root = RootOf(run_, cell, row, key);
  std::int64_t now = root.begin;
  std::vector<OtlpSpan> children;
  for (std::size_t i = 0; dialogue != nullptr && i < dialogue->steps.size(); ++i) {
    const Step& step = dialogue->steps[i];
    now += kStep;
    AddEvents(step, now, root.events);
    if (step.kind != StepKind::kTool || step.call < 0 || static_cast<std::size_t>(step.call) >= dialogue->calls.size())
      continue;
    OtlpSpan& span =
        children.emplace_back(SpanOf(dialogue->calls[static_cast<std::size_t>(step.call)], step, root, key));
    span.begin = now;
    span.end = now + kStep;
    bytes_ += step.shown.size();
  }
  root.end = now + 2 * kStep;
  batch_.spans.push_back(std::move(root));
  std::ranges::move(children, std::back_inserter(batch_.spans));
  return ++trials_ < kMostTrials && bytes_ < kMostBytes ? Status() : Finish();
}

Status OtlpTraces::Finish() {
  if (trials_ == 0) return {};
  OtlpAttributes& resource = batch_.resource;
  resource.Text("service.name", "xsweep");
  resource.Text("service.version", run_.manifest.xsweep_version);
  resource.Text("openinference.project.name", run_.manifest.exp);  // what Phoenix files spans under
  resource.Text("xsweep.exp", run_.manifest.exp);
  resource.Text("xsweep.run_id", run_.manifest.run_id);
  resource.Text("xsweep.mode", NameOf(run_.manifest.mode));
  batch_.version = run_.manifest.xsweep_version;
  trials_ = 0;
  bytes_ = 0;
  return take_(std::exchange(batch_, {}));
}

}  // namespace xsweep
