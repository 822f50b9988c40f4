// InspectLog: a cell of a run as a log of Inspect.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/write_inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/hash.h"
#include "base/json.h"
#include "foreign/writers/inspect_sample.h"

namespace xsweep {
namespace {

using namespace eval_json;

/// What a file name and a sample's id may hold: no separator of either.
std::string Plain(std::string_view name, std::string_view more) {
  std::string out;
  for (const char c : name) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.contains(c);
    out += kept ? c : '-';
  }
  return out;
}

void AppendUsage(const Usage& usage, std::string& out) {
  out += '{';
  Number(out, "input_tokens", usage.prompt_tokens);
  Number(out, "output_tokens", usage.completion_tokens);
  Number(out, "total_tokens", usage.prompt_tokens + usage.completion_tokens);
  if (usage.cost_known && usage.cost_nano_usd > 0)
    Real(out, "total_cost", static_cast<double>(usage.cost_nano_usd) / 1e9);
  out += '}';
}

std::string ScoresJson(const Trial& row) {
  std::string out = "{";
  for (int scorer = 0; scorer < 2; ++scorer) {
    const auto score = ScoreOf(row, scorer);
    if (!score) continue;
    std::string value = "{";
    Number(value, "value", *score ? 1 : 0);
    Text(value, "answer", NameOf(row.outcome));
    value += '}';
    Raw(out, kScorers[scorer], value);
  }
  return out + '}';
}

std::string FirstSaid(const Transcript& dialogue) {
  const auto first = std::ranges::find(dialogue.steps, StepKind::kUser, &Step::kind);
  return first == dialogue.steps.end() ? std::string() : first->shown;
}

std::string Bounds(const ExportedRate& rate, std::string_view name) {
  std::string out = "{";
  const auto metric = [&](const std::string& key, const std::optional<double>& value) {
    if (!value) return;
    std::string one = "{";
    Text(one, "name", key);
    Real(one, "value", *value);
    Raw(one, "params", "{}");
    one += '}';
    Raw(out, key, one);
  };
  metric(std::string(name), rate.value);
  metric(std::string(name) + "_lower95", rate.low);
  metric(std::string(name) + "_upper95", rate.high);
  return out + '}';
}

Json CellMetadata(const Manifest& manifest, const CellRecord& cell) {
  return Json::MakeObject({{"cell", cell.id},
                           {"arm", NameOf(cell.arm)},
                           {"attack", cell.attack},
                           {"defense", cell.defense},
                           {"judge", cell.judge},
                           {"mode", NameOf(manifest.mode)},
                           {"config_hash", manifest.config_hash},
                           {"run_id", manifest.run_id}});
}

}  // namespace

Expected<InspectLog> InspectLog::Create(Disk& disk, const std::filesystem::path& directory, const ExportedRun& run,
                                        const ExportedCell& cell) {
  InspectLog log(run, cell);
  log.model_ = AgentModel(run.manifest, cell.record);
  log.time_ = WithOffset(run.manifest.timestamp_utc);
  std::string stamp = log.time_;
  std::ranges::replace(stamp, ':', '-');
  // From names and not drawn: the same run exported again replaces its files instead of standing beside them.
  const std::string id = Sha256(PublicName(run.manifest) + cell.record.id).substr(0, 22);
  log.name_ = fmt::format("{}_{}_{}.eval", stamp, Plain(run.manifest.exp, "."), id);
  TRY_ASSIGN(auto file, AtomicFile::Create(disk, directory / log.name_));
  // On the heap, because the writer of the archive refers to it and the log is moved.
  log.file_ = std::make_unique<AtomicFile>(std::move(file));
  log.zip_ = std::make_unique<ZipWriter>(*log.file_);
  return log;
}

std::string InspectLog::SampleId(const Trial& row) const {
  std::string id = Plain(row.task, ".:+=@#[]() _");
  // Inspect calls a sample's file <id>_epoch_<n>: an id must not hold that mark itself.
  for (auto at = id.find("_epoch_"); at != std::string::npos; at = id.find("_epoch_")) id.replace(at, 7, "-epoch-");
  // The trials of an imported task are its injections, each a case of its own and no repetition.
  const bool imported = run_->manifest.imported.is_object();
  return imported && !row.goal.empty() ? id + "." + Plain(row.goal, "._") : id;
}

std::string InspectLog::CountUsage(const Usage& usage) {
  if (usage.prompt_tokens + usage.completion_tokens <= 0) return "{}";
  usage_ += usage;
  std::string used, out = "{";
  AppendUsage(usage, used);
  Raw(out, model_, used);
  return out + '}';
}

void InspectLog::CountScores(const Trial& row, const std::string& id) {
  for (int scorer = 0; scorer < 2; ++scorer) {
    const auto score = ScoreOf(row, scorer);
    if (!score) continue;
    ++scored_[scorer];
    reduced_[id].sum[scorer] += *score ? 1 : 0;
    ++reduced_[id].n[scorer];
  }
}

Status InspectLog::Add(const Trial& row, const Transcript* dialogue) {
  SampleFacts facts;
  facts.id = SampleId(row);
  facts.epoch = ++epochs_[facts.id];
  if (facts.epoch == 1) ids_.push_back(facts.id);
  ++samples_;
  if (!row.error_kind) ++completed_;
  if (dialogue != nullptr) facts.input = FirstSaid(*dialogue);
  facts.scores = ScoresJson(row);
  facts.metadata = MetadataJson(row, *cell_);
  facts.usage = CountUsage(row.usage[Role::kAgent]);
  const std::string uuid = Sha256(fmt::format("{} {}", PublicName(run_->manifest), row.index)).substr(0, 22);
  const InspectSample sample(model_, time_, uuid);
  CountScores(row, facts.id);
  TRY(zip_->Add(fmt::format("samples/{}_epoch_{}.json", facts.id, facts.epoch),
                sample.Whole(row, *cell_, dialogue, facts)));
  summaries_.append(summaries_.empty() ? "[" : ",").append(sample.Summary(row, facts));
  return {};
}

std::string InspectLog::DatasetJson() const {
  std::string ids;
  for (const std::string& id : ids_) AppendJsonString(id, ids.append(ids.empty() ? "" : ","));
  std::string dataset = "{";
  Text(dataset, "name", run_->manifest.environment_name);
  Number(dataset, "samples", static_cast<std::int64_t>(ids_.size()));
  Raw(dataset, "sample_ids", "[" + ids + "]");
  Raw(dataset, "shuffled", "false");
  return dataset + '}';
}

std::string InspectLog::EvalJson() const {
  const Manifest& manifest = run_->manifest;
  const CellRecord& cell = cell_->record;
  Json axes = Json::MakeObject();
  for (const auto& [path, value] : cell.axes) axes.Set(path, value);
  // A log has one number of epochs for all its samples; where rows are missing some have fewer.
  int epochs = 1;
  for (const auto& [id, count] : epochs_) epochs = std::max(epochs, count);
  std::string out = "{";
  Text(out, "eval_id", Sha256("eval " + PublicName(manifest) + cell.id).substr(0, 22));
  Text(out, "run_id", manifest.run_id);
  Text(out, "created", time_);
  Text(out, "task", manifest.exp);
  Text(out, "task_id", Sha256(PublicName(manifest) + cell.id).substr(0, 22));
  Raw(out, "task_version", "0");
  Raw(out, "task_attribs", "{}");
  Raw(out, "task_args", axes.Dump());
  Raw(out, "task_args_passed", "{}");
  Raw(out, "dataset", DatasetJson());
  Text(out, "model", model_);
  Raw(out, "model_generate_config", "{}");
  Raw(out, "model_args", "{}");
  Raw(out, "config", fmt::format(R"({{"epochs":{},"epochs_reducer":["mean"]}})", epochs));
  Raw(out, "packages", Json::MakeObject({{"xsweep", manifest.xsweep_version}}).Dump());
  if (!manifest.git.sha.empty())
    Raw(out, "revision", Json::MakeObject({{"type", "git"}, {"origin", ""}, {"commit", manifest.git.sha}}).Dump());
  Raw(out, "metadata", CellMetadata(manifest, cell).Dump());
  Raw(out, "scorers", R"([{"name":"attack_success"},{"name":"task_success"}])");
  return out + '}';
}

std::string InspectLog::PlanJson() const {
  const CellRecord& cell = cell_->record;
  return Json::MakeObject(
             {{"name", "plan"},
              {"steps", Json::MakeArray({Json::MakeObject(
                            {{"solver", cell.agent.empty() ? "agent" : cell.agent},
                             {"params", Json::MakeObject({{"attack", cell.attack}, {"defense", cell.defense}})}})})},
              {"config", Json::MakeObject()}})
      .Dump();
}

std::string InspectLog::ResultsJson() const {
  std::string scores;
  // The run's own figures with their bounds, so that a log says what the reports say.
  const ExportedRate* rates[2] = {&cell_->asr, &cell_->task_success};
  constexpr std::string_view kMetric[2] = {"asr", "task_success"};
  for (int scorer = 0; scorer < 2; ++scorer) {
    if (scored_[scorer] == 0) continue;
    std::string score = "{";
    Text(score, "name", kScorers[scorer]);
    Text(score, "scorer", kScorers[scorer]);
    Number(score, "scored_samples", scored_[scorer]);
    Number(score, "unscored_samples", samples_ - scored_[scorer]);
    Raw(score, "params", "{}");
    Raw(score, "metrics", Bounds(*rates[scorer], kMetric[scorer]));
    scores.append(scores.empty() ? "" : ",").append(score).append("}");
  }
  return fmt::format(R"({{"total_samples":{},"completed_samples":{},"scores":[{}]}})", samples_, completed_, scores);
}

std::string InspectLog::StatsJson() const {
  std::string usage = "{";
  if (usage_.prompt_tokens + usage_.completion_tokens > 0) {
    std::string used;
    AppendUsage(usage_, used);
    Raw(usage, model_, used);
  }
  std::string out = "{";
  Text(out, "started_at", time_);
  Text(out, "completed_at",
       WithOffset(run_->manifest.finished_utc.empty() ? run_->manifest.timestamp_utc : run_->manifest.finished_utc));
  Raw(out, "model_usage", usage + '}');
  Raw(out, "role_usage", "{}");
  return out + '}';
}

std::string InspectLog::ReductionsJson() const {
  std::string out = "[";
  for (int scorer = 0; scorer < 2; ++scorer) {
    std::string samples;
    for (const std::string& id : ids_) {
      const auto found = reduced_.find(id);
      if (found == reduced_.end() || found->second.n[scorer] == 0) continue;
      std::string one = "{";
      Real(one, "value", found->second.sum[scorer] / static_cast<double>(found->second.n[scorer]));
      Text(one, "sample_id", id);
      samples.append(samples.empty() ? "" : ",").append(one).append("}");
    }
    if (samples.empty()) continue;
    std::string score = "{";
    Text(score, "scorer", kScorers[scorer]);
    Text(score, "reducer", "mean");
    Raw(score, "samples", "[" + samples + "]");
    out.append(out.size() == 1 ? "" : ",").append(score).append("}");
  }
  return out + ']';
}

Expected<std::string> InspectLog::Finish() {
  const std::string eval = EvalJson(), plan = PlanJson();
  summaries_ += summaries_.empty() ? "[]" : "]";
  TRY(zip_->Add("_journal/start.json", R"({"version":2,"eval":)" + eval + ",\"plan\":" + plan + "}"));
  TRY(zip_->Add("_journal/summaries/1.json", summaries_));
  TRY(zip_->Add("summaries.json", summaries_));
  TRY(zip_->Add("reductions.json", ReductionsJson()));
  std::string header = "{";
  Raw(header, "version", "2");
  Text(header, "status", Finished(run_->manifest) ? "success" : "cancelled");
  Raw(header, "eval", eval);
  Raw(header, "plan", plan);
  Raw(header, "results", ResultsJson());
  Raw(header, "stats", StatsJson());
  Raw(header, "invalidated", "false");
  Raw(header, "tags", "[]");
  Raw(header, "metadata", "{}");
  TRY(zip_->Add("header.json", header + '}'));
  TRY(zip_->Finish());
  TRY(file_->Commit());
  return name_;
}

}  // namespace xsweep
