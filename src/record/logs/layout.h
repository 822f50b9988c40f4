// Layout: every file of a results folder and of a run in it, by name. Nobody else spells one.
//
//   results/index.csv                      one line a run
//   results/<exp>/latest                   points at the last finished run of an experiment
//   results/<exp>/<run_id>/                one run: everything below
//
// While a run is going on its rows, transcripts, exchanges and spending lie in shards/, one set of logs a process;
// sealing puts them in plan order into the files beside it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "words/results.h"

namespace xsweep::layout {

// What a run is and what it found.
inline constexpr std::string_view kManifest = "run.json";
inline constexpr std::string_view kConfig = "config.yaml";
inline constexpr std::string_view kRows = "trials.jsonl";
inline constexpr std::string_view kTranscripts = "transcripts.jsonl.zst";
inline constexpr std::string_view kExchanges = "exchanges";  ///< a folder: the kept replies of models

// While it runs: a folder of logs, and the ends of their names.
inline constexpr std::string_view kShards = "shards";
inline constexpr std::string_view kRowLog = ".jsonl";
inline constexpr std::string_view kTranscriptLog = ".transcripts";
inline constexpr std::string_view kExchangeLog = ".exchanges.zst";
inline constexpr std::string_view kPlainExchangeLog = ".exchanges";  ///< of earlier versions
inline constexpr std::string_view kLedger = ".spent";
inline constexpr std::string_view kDone = ".done";
inline constexpr std::string_view kReopenedRows = "sealed.jsonl";    ///< rows of a sealed run that is open again
inline constexpr std::string_view kCarriedLedger = "carried.spent";  ///< what it had spent by then
inline constexpr std::string_view kSlurm = "slurm";                  ///< a folder: scripts and outputs of a job array
inline constexpr std::string_view kSlurmJobs = "jobs.json";          ///< in it

/// "3.2" and kRowLog: "3.2.jsonl".
inline std::string Log(std::string_view name, std::string_view end) { return std::string(name).append(end); }

// Of a run whose questions go out in batches: a folder of what was asked, kept until the run is finished. Files of a
// batch are its number and an end.
inline constexpr std::string_view kBatches = "batches";
inline constexpr std::string_view kBatchNotes = "notes.jsonl";  ///< what was sent, and what became of it
inline constexpr std::string_view kBatchLock = "lock";          ///< one process waits at a time
inline constexpr std::string_view kQuestions = ".questions.jsonl";
inline constexpr std::string_view kUpload = ".upload";  ///< on its way to the server
inline constexpr std::string_view kAnswers = ".answers.jsonl";

// What is made from the rows, for people and their programs.
inline constexpr std::string_view kSummary = "summary.csv";
inline constexpr std::string_view kNotes = "notes.md";
inline constexpr std::string_view kReport = "report.md";
inline constexpr std::string_view kNotebook = "notebook.ipynb";
inline constexpr std::string_view kHtmlReport = "report.html";
inline constexpr std::string_view kGateResults = "junit.xml";
inline constexpr std::string_view kJobSummary = "job_summary.md";

/// Charts by their stems; each is there as .svg and, where gnuplot is, as .png.
inline constexpr std::string_view kSummaryPlot = "summary";
inline constexpr std::string_view kHeatmap = "heatmap";
inline constexpr std::string_view kDistribution = "distribution";
inline constexpr std::string_view kAttackDefense = "attack_defense";
inline constexpr std::array<std::string_view, 4> kCharts = {kSummaryPlot, kHeatmap, kDistribution, kAttackDefense};

// Beside runs.
inline constexpr std::string_view kComparison = "compare";  ///< stem of .csv, .md, .svg and .png
inline constexpr std::string_view kHistory = "history";     ///< stem of .svg and .png

}  // namespace xsweep::layout
