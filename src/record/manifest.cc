// Manifest: run.json.
// SPDX-License-Identifier: Apache-2.0
#include "record/manifest.h"

#include <fmt/format.h>

#include "record/logs/layout.h"
#include "record/run_id.h"

namespace xsweep {
namespace {

template <class T>
Json List(const std::vector<T>& values) {
  std::vector<Json> items(values.begin(), values.end());
  return Json::MakeArray(std::move(items));
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json ModelsToJson(const std::vector<ModelRecord>& models) {
  Json list = Json::MakeArray();
  for (const ModelRecord& model : models) {
    list.Append(Json::MakeObject({{"role", model.role},
                                  {"provider", model.provider},
                                  {"model", model.model},
                                  {"base_url", TextOrNull(model.base_url)},
                                  {"price", model.price}}));
  }
  return list;
}

Json CellToJson(const CellRecord& cell) {
  Json axes = Json::MakeObject();
  for (const auto& [path, value] : cell.axes) axes.Set(path, value);
  Json json = Json::MakeObject({{"id", cell.id},
                                {"hash", cell.hash},
                                {"arm", NameOf(cell.arm)},
                                {"axes", axes},
                                {"agent", cell.agent},
                                {"attack", cell.attack},
                                {"defense", cell.defense},
                                {"judge", cell.judge}});
  if (!cell.dialogues_of.empty()) json.Set("dialogues_of", cell.dialogues_of);
  return json;
}

std::string Text(const Json* json, std::string_view key) {
  return json == nullptr ? std::string() : std::string(json->StringOr(key, ""));
}

CellRecord CellFromJson(const Json& json) {
  CellRecord cell;
  cell.id = Text(&json, "id");
  cell.hash = Text(&json, "hash");
  cell.arm = Parse<Arm>(json.StringOr("arm", "")).value_or(Arm::kGrid);
  if (const Json* axes = json.Find("axes"); axes != nullptr && axes->is_object()) {
    for (const auto& [path, value] : axes->members()) cell.axes.emplace_back(path, value);
  }
  cell.agent = Text(&json, "agent");
  cell.attack = Text(&json, "attack");
  cell.defense = Text(&json, "defense");
  cell.judge = Text(&json, "judge");
  cell.dialogues_of = Text(&json, "dialogues_of");
  return cell;
}

std::vector<std::string> Strings(const Json* json) {
  std::vector<std::string> out;
  if (json == nullptr || !json->is_array()) return out;
  for (const Json& item : json->items()) {
    if (item.is_string()) out.push_back(item.AsString());
  }
  return out;
}

void ReadOrigin(const Json& json, Manifest& run) {
  const Json* git = json.Find("git");
  run.git = {Text(git, "sha"), Text(git, "branch"), git != nullptr && git->BoolOr("dirty", false)};
  const Json* host = json.Find("host");
  run.host_os = Text(host, "os");
  run.host_cpu = Text(host, "cpu");
  if (const std::string python = Text(host, "python"); !python.empty()) run.host_python = python;
  run.xsweep_version = Text(&json, "xsweep_version");
  run.argv = Strings(json.Find("argv"));
}

// A count or a seed: what a negative or larger number stands for nobody can tell, so it is refused, not wrapped around.
Expected<std::uint64_t> CountIn(const Json& json, std::string_view name, std::int64_t largest) {
  if (json.is_int() && json.AsInt() >= 0 && json.AsInt() <= largest) return static_cast<std::uint64_t>(json.AsInt());
  return UserError(fmt::format("has {} in `{}`, which takes a whole number from 0 to {}", json.Dump(), name, largest));
}

Expected<std::uint64_t> CountOrZero(const Json& json, std::string_view key, std::int64_t largest) {
  const Json* found = json.Find(key);
  if (found == nullptr || found->is_null()) return 0;
  return CountIn(*found, key, largest);
}

Status ReadCounts(const Json& json, Manifest& run) {
  if (const Json* seeds = json.Find("seeds"); seeds != nullptr && seeds->is_array()) {
    for (const Json& seed : seeds->items()) {
      // Configs take seeds up to 2^63 - 1 (config/lists.h), so the bound of a JSON integer refuses none that was run.
      TRY_ASSIGN(const std::uint64_t value, CountIn(seed, "seeds", INT64_MAX));
      run.seeds.push_back(value);
    }
  }
  TRY_ASSIGN(const std::uint64_t trials, CountOrZero(json, "trials", UINT32_MAX));
  run.trials = static_cast<std::uint32_t>(trials);
  TRY_ASSIGN(run.planned, CountOrZero(json, "planned", INT64_MAX));
  if (const Json* counts = json.Find("counts"); counts != nullptr && counts->is_object()) {
    for (const auto& [name, count] : counts->members()) {
      TRY_ASSIGN(run.counts[name], CountIn(count, "counts", INT64_MAX));
    }
  }
  return {};
}

void ReadDesign(const Json& json, Manifest& run) {
  run.exp = Text(&json, "exp");
  run.exp_id = Text(&json, "exp_id");
  run.description = Text(&json, "description");
  run.dialogues_of = Text(&json, "dialogues_of");
  run.mode = Parse<Mode>(json.StringOr("mode", ""));
  run.tasks = Strings(json.Find("tasks"));
  if (const Json* cells = json.Find("cells"); cells != nullptr && cells->is_array()) {
    for (const Json& cell : cells->items()) run.cells.push_back(CellFromJson(cell));
  }
  run.config_hash = Text(&json, "config_hash");
  const Json* environment = json.Find("environment");
  run.environment_name = Text(environment, "name");
  run.environment_version = Text(environment, "version");
  run.environment_data_sha256 = Text(environment, "data_sha256");
  if (environment != nullptr) run.do_nothing_floor = environment->DoubleOr("do_nothing_floor", -1);
  run.gates = Strings(json.Find("gates"));
  if (const Json* models = json.Find("models"); models != nullptr && models->is_array()) {
    for (const Json& model : models->items()) {
      const Json* price = model.Find("price");
      run.models.push_back({Text(&model, "role"), Text(&model, "provider"), Text(&model, "model"),
                            Text(&model, "base_url"), price == nullptr ? Json() : *price});
    }
  }
  if (const Json* rate = json.Find("max_error_rate"); rate != nullptr && rate->is_number()) {
    run.max_error_rate = rate->AsDouble();
  }
}

}  // namespace

Json Manifest::ToJson() const {
  Json cell_list = Json::MakeArray();
  for (const CellRecord& cell : cells) cell_list.Append(CellToJson(cell));
  Json count_map = Json::MakeObject();
  for (const auto& [name, count] : counts) count_map.Set(name, count);
  // -1 is ours alone: in a file it would pass for a share.
  const Json floor = do_nothing_floor < 0 ? Json() : Json(do_nothing_floor);
  Json json = Json::MakeObject(
      {{"schema", schema},
       {"run_id", run_id},
       {"timestamp_utc", timestamp_utc},
       {"finished_utc", TextOrNull(finished_utc)},
       {"status", NameOf(status)},
       {"git",
        Json::MakeObject({{"sha", TextOrNull(git.sha)}, {"branch", TextOrNull(git.branch)}, {"dirty", git.dirty}})},
       {"exp", exp},
       {"exp_id", exp_id},
       {"description", description},
       {"mode", NameOf(mode)},
       {"seeds", List(seeds)},
       {"trials", trials},
       {"planned", planned},
       {"config_hash", config_hash},
       {"host",
        Json::MakeObject({{"os", host_os}, {"cpu", host_cpu}, {"python", host_python ? Json(*host_python) : Json()}})},
       {"xsweep_version", xsweep_version},
       {"argv", List(argv)},
       {"environment", Json::MakeObject({{"name", environment_name},
                                         {"version", environment_version},
                                         {"data_sha256", environment_data_sha256},
                                         {"do_nothing_floor", floor}})},
       {"cells", cell_list},
       {"tasks", List(tasks)},
       {"gates", List(gates)},
       {"models", ModelsToJson(models)},
       {"max_error_rate", max_error_rate ? Json(*max_error_rate) : Json()},
       {"counts", count_map},
       {"headline", headline},
       {"budget", budget},
       {"verdict", verdict ? Json(NameOf(*verdict)) : Json()},
       {"seconds", seconds},
       {"paths", Json::MakeObject({{"trials_jsonl", layout::kRows},
                                   {"summary_csv", layout::kSummary},
                                   {"plot", "summary.png"},
                                   {"notes", layout::kNotes},
                                   {"config", layout::kConfig},
                                   {"transcripts", layout::kTranscripts}})}});
  if (!dialogues_of.empty()) json.Set("dialogues_of", dialogues_of);
  if (!imported.is_null()) json.Set("import", imported);
  return json;
}

Expected<Manifest> Manifest::FromJson(const Json& json, const std::string& where) {
  Manifest run;
  run.schema = static_cast<int>(json.IntOr("schema", 0));
  if (run.schema < 1 || json.Find("run_id") == nullptr) return UserError("is not a run.json of xsweep", where);
  if (run.schema > kRunSchema) {
    return UserError(
        fmt::format("has schema {}, and this xsweep reads up to {}; use a newer xsweep", run.schema, kRunSchema),
        where);
  }
  run.run_id = Text(&json, "run_id");
  // Both become names of directories, and this file may come from anybody: `..` would lead out of the results.
  for (const auto& [name, what] : {std::pair(run.run_id, "run id"), std::pair(Text(&json, "exp"), "exp")}) {
    if (const auto safe = CheckPathName(name, what); !safe) return UserError(safe.error().message, where);
  }
  run.timestamp_utc = Text(&json, "timestamp_utc");
  run.finished_utc = Text(&json, "finished_utc");
  run.status = Parse<RunStatus>(json.StringOr("status", ""));
  ReadOrigin(json, run);
  ReadDesign(json, run);
  if (const Status read = ReadCounts(json, run); !read) return UserError(read.error().message, where);
  if (const Json* headline = json.Find("headline")) run.headline = *headline;
  if (const Json* budget = json.Find("budget")) run.budget = *budget;
  if (const Json* imported = json.Find("import")) run.imported = *imported;
  run.verdict = Parse<GateVerdict>(json.StringOr("verdict", ""));
  run.seconds = json.DoubleOr("seconds", 0);
  return run;
}

}  // namespace xsweep
