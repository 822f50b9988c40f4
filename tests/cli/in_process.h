// A sweep without its reports: from the text of a config to its sealed rows, in this process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/resolved.h"
#include "record/logs/trial.h"
#include "support/temp_dir.h"
#include "sweep/open/experiment.h"
#include "sweep/run_session.h"

namespace xsweep {

struct Swept {
  Experiment experiment;
  std::string rows;         ///< trials.jsonl
  std::string transcripts;  ///< transcripts.jsonl.zst; empty when none were kept

  std::vector<Trial> Trials() const {
    std::vector<Trial> trials;
    for (const std::string& line : Split(rows, '\n')) {
      if (line.empty()) continue;
      auto trial = ParseTrialRow(line, "trials.jsonl");
      EXPECT_TRUE(trial) << (trial ? "" : trial.error().Text());
      if (trial) trials.push_back(std::move(*trial));
    }
    return trials;
  }
};

/// Runs every trial on `jobs` threads, split into `shards` that run one after another, and seals.
inline Expected<Swept> Sweep(const std::string& config, int jobs = 1, std::uint32_t shards = 1,
                             const Overrides& overrides = {}) {
  const TempDir dir;
  const std::atomic<bool> stop = false;
  TRY_ASSIGN(Experiment experiment, OpenExperimentText(config, "run.yaml", overrides));
  Manifest manifest = DescribeRun(experiment, {});
  TRY_ASSIGN(const auto run,
             RunDirectory::Start(RealDisk(), dir.path(), "r", true, ResolvedYaml(experiment.config), manifest));
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    ExecuteOptions options;
    options.jobs = jobs;
    options.shard = {shard, shards};
    options.quiet = true;
    TRY(RunMissing(experiment, *run, options, stop));
  }
  TRY(run->Seal(manifest.planned));
  TRY_ASSIGN(std::string rows, ReadFile(run->File("trials.jsonl")));
  std::string transcripts = ReadFile(run->File("transcripts.jsonl.zst")).value_or("");
  return Swept{std::move(experiment), std::move(rows), std::move(transcripts)};
}

}  // namespace xsweep
