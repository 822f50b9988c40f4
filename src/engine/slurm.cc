// Slurm: job arrays through sbatch, squeue and scancel.
// SPDX-License-Identifier: Apache-2.0
#include "engine/slurm.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/system/process.h"
#include "base/text.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// One word for a shell, whatever is in it.
std::string Quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) c == '\'' ? quoted += "'\\''" : quoted += c;
  return quoted + "'";
}

/// Runs one of Slurm's commands and gives what it printed.
Expected<std::string> Ask(std::vector<std::string> args) {
  const std::string program = args.front();
  if (!HasProgram(program))
    return UserError("is not installed here; run on a login node of a Slurm cluster, or without --executor slurm",
                     program);
  TRY_ASSIGN(const ProcessResult result, RunProcess({.args = std::move(args)}));
  if (result.exit_code != 0)
    return WorldError(fmt::format("exit code {}: {}", result.exit_code, Trim(result.err)), program);
  return std::string(Trim(result.out));
}

std::vector<std::string> Sbatch(const SlurmOptions& options) {
  std::vector<std::string> args = {"sbatch", "--parsable"};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) args.push_back(std::string(flag) + "=" + value);
  };
  add("--partition", options.partition);
  add("--account", options.account);
  return args;
}

/// "123" of sbatch's "123;cluster".
Expected<std::string> JobId(const std::string& printed) {
  std::string id = printed.substr(0, printed.find(';'));
  if (!ParseUnsigned(id)) return WorldError("printed no job id but: " + Printable(printed), "sbatch");
  return id;
}

Json Strings(const std::vector<std::string>& list) { return Json::MakeArray({list.begin(), list.end()}); }

std::vector<std::string> Strings(const Json* json) {
  std::vector<std::string> list;
  if (json == nullptr || !json->is_array()) return list;
  for (const Json& item : json->items()) {
    if (item.is_string()) list.push_back(item.AsString());
  }
  return list;
}

std::string Header(const fs::path& run, std::string_view what) {
  return fmt::format("#!/bin/sh\n# {} of {}, submitted by xsweep.\n", what, Printable(run.filename().string()));
}

}  // namespace

Json SlurmJobs::ToJson() const {
  return Json::MakeObject({{"program", program},
                           {"partition", options.partition},
                           {"time", options.time},
                           {"memory", options.memory},
                           {"account", options.account},
                           {"shards", options.shards},
                           {"jobs", options.jobs},
                           {"live", options.live},
                           {"extra", Strings(options.extra)},
                           {"array_ids", Strings(array_ids)},
                           {"merge_id", merge_id}});
}

Expected<SlurmJobs> SlurmJobs::FromJson(const Json& json, const std::string& where) {
  const std::int64_t shards = json.IntOr("shards", 0);
  if (shards < 1 || shards > 1000000) return UserError("does not say how many shards there are", where);
  SlurmJobs jobs;
  jobs.program = json.StringOr("program", "xsweep");
  SlurmOptions& options = jobs.options;
  options.partition = json.StringOr("partition", "");
  options.time = json.StringOr("time", "");
  options.memory = json.StringOr("memory", "");
  options.account = json.StringOr("account", "");
  options.shards = static_cast<std::uint32_t>(shards);
  options.jobs = static_cast<std::uint32_t>(std::clamp<std::int64_t>(json.IntOr("jobs", 0), 0, 100000));
  options.live = json.BoolOr("live", false);
  options.extra = Strings(json.Find("extra"));
  jobs.array_ids = Strings(json.Find("array_ids"));
  jobs.merge_id = json.StringOr("merge_id", "");
  return jobs;
}

std::string SlurmArrayScript(const fs::path& run, const SlurmJobs& jobs) {
  std::string threads;
  if (jobs.options.jobs > 0) {
    threads = fmt::format(" --jobs {}", jobs.options.jobs);
  } else if (!jobs.options.live) {
    threads = " --jobs \"${SLURM_CPUS_PER_TASK:-1}\"";
  }
  return Header(run, "One shard") +
         fmt::format("exec {} worker --run {} --shard \"$SLURM_ARRAY_TASK_ID\"/{}{} --quiet\n", Quoted(jobs.program),
                     Quoted(run.string()), jobs.options.shards, threads);
}

std::string SlurmMergeScript(const fs::path& run, const SlurmJobs& jobs) {
  return Header(run, "The merge") + fmt::format("exec {} merge {}\n", Quoted(jobs.program), Quoted(run.string()));
}

std::string SlurmArraySpec(const std::vector<std::uint32_t>& shards) {
  std::string spec;
  for (std::size_t i = 0; i < shards.size();) {
    std::size_t last = i;
    while (last + 1 < shards.size() && shards[last + 1] == shards[last] + 1) ++last;
    spec += fmt::format("{}{}", spec.empty() ? "" : ",", shards[i]);
    if (last > i) spec += fmt::format("-{}", shards[last]);
    i = last + 1;
  }
  return spec;
}

Status SubmitToSlurm(Disk& disk, const fs::path& run, const std::vector<std::uint32_t>& shards, SlurmJobs& jobs) {
  const fs::path folder = run / layout::kSlurm;
  TRY(disk.MakeDirectory(folder));
  TRY(WriteAtomically(disk, folder / "array.sh", SlurmArrayScript(run, jobs)));
  TRY(WriteAtomically(disk, folder / "merge.sh", SlurmMergeScript(run, jobs)));
  auto array = Sbatch(jobs.options);
  if (!jobs.options.time.empty()) array.push_back("--time=" + jobs.options.time);
  if (!jobs.options.memory.empty()) array.push_back("--mem=" + jobs.options.memory);
  array.push_back("--job-name=xsweep");
  array.push_back("--array=" + SlurmArraySpec(shards));
  array.push_back("--output=" + (folder / "%A_%a.out").string());
  array.insert(array.end(), jobs.options.extra.begin(), jobs.options.extra.end());
  array.push_back((folder / "array.sh").string());
  TRY_ASSIGN(const std::string array_printed, Ask(std::move(array)));
  TRY_ASSIGN(const std::string array_id, JobId(array_printed));
  jobs.array_ids.push_back(array_id);
  jobs.merge_id.clear();
  // Noted before the second job, so that a kill in between leaves nothing that cannot be cancelled.
  TRY(WriteAtomically(disk, folder / layout::kSlurmJobs, jobs.ToJson().DumpPretty()));
  auto merge = Sbatch(jobs.options);
  merge.push_back("--job-name=xsweep-merge");
  merge.push_back("--dependency=afterany:" + array_id);
  merge.push_back("--output=" + (folder / "merge_%j.out").string());
  merge.push_back((folder / "merge.sh").string());
  TRY_ASSIGN(const std::string merge_printed, Ask(std::move(merge)));
  TRY_ASSIGN(jobs.merge_id, JobId(merge_printed));
  return WriteAtomically(disk, folder / layout::kSlurmJobs, jobs.ToJson().DumpPretty());
}

Expected<SlurmJobs> ReadSlurmJobs(const fs::path& run) {
  const fs::path file = run / layout::kSlurm / layout::kSlurmJobs;
  if (!fs::exists(file)) return UserError("was not given to Slurm (it has no slurm/jobs.json)", run.string());
  TRY_ASSIGN(const std::string text, ReadFile(file, std::uint64_t{1} << 20U));
  TRY_ASSIGN(const Json json, Json::Parse(text, file.string()));
  return SlurmJobs::FromJson(json, file.string());
}

Expected<SlurmQueue> AskSlurm(const SlurmJobs& jobs) {
  // All jobs of this user: asked for an id that it has forgotten, squeue fails instead of saying that it is gone.
  TRY_ASSIGN(const std::string printed, Ask({"squeue", "--me", "--noheader", "--array", "--format=%F %T"}));
  SlurmQueue queue;
  for (const std::string& line : Split(printed, '\n')) {
    const auto words = Split(line, ' ');
    if (words.size() < 2) continue;
    if (words[0] != jobs.merge_id && std::ranges::find(jobs.array_ids, words[0]) == jobs.array_ids.end()) continue;
    ++(words[1] == "PENDING" || words[1] == "REQUEUED" ? queue.waiting : queue.running);
  }
  return queue;
}

Status CancelInSlurm(const SlurmJobs& jobs) {
  std::vector<std::string> args = {"scancel", "--quiet"};
  if (!jobs.merge_id.empty()) args.push_back(jobs.merge_id);
  args.insert(args.end(), jobs.array_ids.begin(), jobs.array_ids.end());
  // An id that Slurm has forgotten is cancelled already.
  const auto done = Ask(std::move(args));
  if (!done && done.error().message.find("Invalid job id") == std::string::npos) return std::unexpected(done.error());
  return {};
}

}  // namespace xsweep
