// xsweep plot: one picture of a run, or its table, as a file for a paper or a slide.
// SPDX-License-Identifier: Apache-2.0
#include "present/plot.h"

#include <thread>

#include "base/files.h"
#include "cli/command.h"
#include "record/run_directory.h"
#include "sweep/admit_run.h"

namespace xsweep {
namespace {

struct PlotFlags {
  std::string name, exp, outdir = "results", out, format;
  std::optional<double> points;
  bool bare = false, accept_invalid = false;
  PlotRequest request;
};

Arguments Declare(PlotFlags& flags) {
  Arguments arguments("plot", "Writes a picture of a run, or its table in LaTeX, for a paper or a slide.",
                      "xsweep plot latest --what attack_defense --format pdf --width 170mm --bare");
  arguments.Positional("run", &flags.name, "a run directory, run id, experiment or `latest`", false)
      .Option("--outdir", &flags.outdir, "the results root (default results)")
      .Option("--exp", &flags.exp, "look among the runs of this experiment")
      .Option("--what", &flags.request.what, "summary, attack_defense, heatmap, distribution, curves or table (LaTeX)")
      .Option("--format", &flags.format, "png (default), svg, pdf, or tex for the table")
      .Option("--width", &flags.request.width, "e.g. 85mm, 3.3in, 240pt, 1200px (default 960px)")
      .Option("--font", &flags.request.font, "a family of letters that this system has (default DejaVu Sans)")
      .Option("--font-size", &flags.points, "of the letters, in points (default 9)")
      .Flag("--bare", &flags.bare, "without title and captions, which a paper has itself")
      .Flag("--accept-invalid", &flags.accept_invalid, "draw a run that is damaged all the same")
      .Option("--out", &flags.out, "the file (default WHAT.FORMAT here)");
  return arguments;
}

Status Complete(PlotFlags& flags) {
  const bool table = flags.request.what == "table";
  if (flags.format.empty()) flags.format = table ? "tex" : "png";
  TRY_ASSIGN(flags.request.format, ParsePlotFormat(flags.format));
  if (table != (flags.request.format == PlotFormat::kTex))
    return UserError("the table is written as tex, pictures are written as png, svg or pdf", "--format");
  flags.request.points = flags.points.value_or(9);
  if (!(flags.request.points >= 4 && flags.request.points <= 40))
    return UserError("letters have 4 to 40 points", "--font-size");
  flags.request.headings = !flags.bare;
  if (flags.out.empty()) flags.out = flags.request.what + "." + flags.format;
  return {};
}

}  // namespace

Expected<int> PlotCommand(const Invocation& invocation) {
  PlotFlags flags;
  Arguments arguments = Declare(flags);
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  TRY(Complete(flags));
  TRY_ASSIGN(const auto path, FindRun(flags.outdir, flags.exp, flags.name));
  TRY_ASSIGN(const auto run, RunDirectory::Open(RealDisk(), path));
  TRY_ASSIGN(const Manifest manifest, run.ReadManifest());
  TRY_ASSIGN(
      const RunAggregate aggregate,
      AggregateRun(path.string(), {.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))}));
  TRY(AdmitRun(aggregate, flags.accept_invalid));
  TRY_ASSIGN(const std::string bytes, PlotBytes(flags.request, manifest, aggregate));
  TRY(WriteAtomically(RealDisk(), flags.out, bytes));
  Print(flags.out + "\n");
  return kExitDone;
}

}  // namespace xsweep
