// Slurm: a run's shards as one job array, and a job that merges them when all have ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"

namespace xsweep {

/// What sbatch is told; empty: the cluster's default.
struct SlurmOptions {
  std::string partition, time, memory, account;
  std::uint32_t shards = 16;
  std::uint32_t jobs = 0;  ///< --jobs of each shard; 0: in SHIM the CPUs that Slurm gives it, in REAL the default
  bool live = false;       ///< mode REAL
  std::vector<std::string> extra;  ///< passed on as they are, e.g. "--qos=low"
};

/// What was submitted for a run, kept in <run>/slurm/jobs.json so that anybody can attach.
struct SlurmJobs {
  SlurmOptions options;
  std::string program;                 ///< the xsweep that the jobs run
  std::vector<std::string> array_ids;  ///< one for each submission, the last counts
  std::string merge_id;

  Json ToJson() const;
  static Expected<SlurmJobs> FromJson(const Json& json, const std::string& where);
};

/// How many of a run's tasks are waiting and running; both 0: Slurm has nothing of this run any more.
struct SlurmQueue {
  int waiting = 0;
  int running = 0;
  int total() const { return waiting + running; }
};

/// The scripts of a run in <run>/slurm/: array.sh runs the shard SLURM_ARRAY_TASK_ID, merge.sh merges.
std::string SlurmArrayScript(const std::filesystem::path& run, const SlurmJobs& jobs);
std::string SlurmMergeScript(const std::filesystem::path& run, const SlurmJobs& jobs);
/// "0-3,7,9-11".
std::string SlurmArraySpec(const std::vector<std::uint32_t>& shards);

/// Writes the scripts, submits these shards and a merge job that depends on them (afterany), notes both in `jobs` and
/// in jobs.json. Fails with kUser without sbatch, with kWorld and sbatch's words when it refuses.
Status SubmitToSlurm(Disk& disk, const std::filesystem::path& run, const std::vector<std::uint32_t>& shards,
                     SlurmJobs& jobs);
Expected<SlurmJobs> ReadSlurmJobs(const std::filesystem::path& run);
Expected<SlurmQueue> AskSlurm(const SlurmJobs& jobs);
Status CancelInSlurm(const SlurmJobs& jobs);

}  // namespace xsweep
