// summary.csv: a run's rates, one line per cell and seed and one per cell over all seeds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "analyze/aggregate.h"
#include "record/manifest.h"

namespace xsweep {

/// Columns, in this order (an empty field is N/A, never 0):
///
///   exp_id,exp,config,cfg_hash,mode,seeds,trials,successes,asr,git_commit,run_at
///     `config` is the file that the run was started with, as given, an absolute path cut to its last two names;
///     `seeds` is one seed ("41") or "all"; `trials` counts every planned trial of the line, errors and skipped ones
///     among them; `asr` is the mean over tasks, successes / asr_n where all have equally many trials.
///   run_id,cell,arm,attack,defense, then axis.<path> for each axis of the grid
///   asr_n,asr_lower95,asr_upper95: for tasks as drawn, with one task for this task;
///   asr_these_lower95,asr_these_upper95: for these tasks; asr_basis: what asr_lower95 and asr_upper95 hold for,
///     "tasks_as_drawn" or "these_tasks"
///   one count per outcome, attack_succeeded .. skipped, then error_rate = errors / ended trials
///   exposed,asr_exposed,asr_exposed_lower95,asr_exposed_upper95
///   attempted,attempts,executions,blocks
///   task_assessed,task_successes,task_success,task_success_lower95,task_success_upper95
///   turns,tool_calls,queries,calls,prompt_tokens,completion_tokens,cost_usd,unknown_cost
///     sums over trials; `cost_usd` adds up what has a known price, `unknown_cost` counts the trials that have none
///
/// `run_at` and `run_id` aside, a function of the rows alone.
std::string SummaryCsv(const RunDesign& manifest, const RunAggregate& aggregate);

}  // namespace xsweep
