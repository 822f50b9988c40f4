// StartRun: how a run comes to be, whoever starts it: a sweep, a judge over old dialogues, an import.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "record/manifest.h"
#include "record/run_directory.h"
#include "sweep/open/experiment.h"

namespace xsweep {

/// Where a new run goes: results/<exp>/<run_id>/. Without a run id it gets one of its own.
struct NewRun {
  std::string outdir = "results";
  std::optional<std::string> run_id{};
};

struct StartedRun {
  RunDirectory run;
  Manifest manifest;
};

/// Makes the directory with config.yaml and run.json in it from its first moment on. Empty when a run of the name that
/// was asked for is there already, or another process has just made it. Fails with kUser when nothing can be written
/// there.
/// `manifest` is what DescribeRun says, with whatever the caller knows better; its name, time and budget are set here.
Expected<std::optional<StartedRun>> StartRun(const Experiment& experiment, Manifest manifest, const NewRun& where);
/// The same where joining a run that is there makes no sense: then that is a kUser error.
Expected<StartedRun> StartNewRun(const Experiment& experiment, Manifest manifest, const NewRun& where);

}  // namespace xsweep
