// The flags of `xsweep run`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/shared_flags.h"
#include "engine/slurm.h"

namespace xsweep {

struct RunFlags {
  std::string config;
  std::string outdir = "results";
  std::string gates;
  std::optional<std::string> run_id, resume, shard, replay;
  int jobs = 0;
  std::string executor = "local";
  SlurmOptions slurm;
  int slurm_shards = 16;
  bool quiet = false;
  bool retry_errors = false;
  bool force = false;
  OverrideFlags overrides;
};

Arguments DeclareRun(RunFlags& flags);
/// Fails with kUser for flags that contradict each other, naming one.
Status CheckRunFlags(const RunFlags& flags);

}  // namespace xsweep
