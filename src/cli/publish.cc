// xsweep publish: puts runs where others can see them: a directory, a branch for GitHub Pages, an S3 bucket.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/files.h"
#include "cli/command.h"
#include "page/site.h"
#include "publish/bundle.h"
#include "publish/pages.h"
#include "publish/s3.h"
#include "record/logs/layout.h"
#include "record/run_directory.h"
#include "sweep/admit_run.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

struct PublishFlags {
  std::string target;       ///< dir, pages or s3://...
  std::string destination;  ///< of dir
  std::string results = "results";
  std::vector<std::string> runs;
  bool all = false, redact = false, dry_run = false, accept_invalid = false;
  PagesOptions pages;
  std::string endpoint, region, addressing = "auto", ca_file;
};

Arguments Describe(PublishFlags& flags) {
  Arguments arguments("publish", "Publishes runs as a site of plain files; what is there already stays.",
                      "xsweep publish pages --run airline_escalating_v1/latest --redact");
  arguments.Positional("TARGET", &flags.target, "dir, pages, or s3://bucket/prefix")
      .Positional("DESTINATION", &flags.destination, "of dir: the directory to write", false)
      .Option("--outdir", &flags.results, "the results directory (default: results)")
      .Repeated("--run", &flags.runs,
                "a run to publish (id, path, experiment or experiment/latest); default: the latest")
      .Flag("--all", &flags.all, "every finished run")
      .Flag("--redact", &flags.redact, "leave out dialogues and error messages, also where they were published before")
      .Flag("--accept-invalid", &flags.accept_invalid, "publish runs that are damaged all the same; their page says so")
      .Flag("--dry-run", &flags.dry_run, "say what would be sent and send nothing")
      .Option("--remote", &flags.pages.remote, "of pages: git remote or address (default: origin)")
      .Option("--branch", &flags.pages.branch, "of pages: the branch (default: gh-pages)")
      .Option("--endpoint", &flags.endpoint, "of S3: server address, when it is not Amazon's")
      .Option("--region", &flags.region, "of S3: region (default: AWS_REGION, ~/.aws/config, us-east-1)")
      .Option("--addressing", &flags.addressing, "of S3: auto, path or host")
      .Option("--ca-file", &flags.ca_file, "of S3: PEM file of certificates to trust");
  return arguments;
}

Expected<std::vector<fs::path>> ChooseRuns(const PublishFlags& flags) {
  std::vector<fs::path> runs;
  if (flags.all) {
    for (const fs::path& run : AllRuns(flags.results)) {
      if (fs::exists(run / layout::kRows)) runs.push_back(run);
    }
    if (runs.empty()) return UserError("holds no finished run", flags.results);
    return runs;
  }
  for (const std::string& name : flags.runs.empty() ? std::vector<std::string>{"latest"} : flags.runs) {
    TRY_ASSIGN(fs::path run, FindRun(flags.results, "", name));
    runs.push_back(std::move(run));
  }
  return runs;
}

Expected<S3Options> S3From(const PublishFlags& flags) {
  TRY_ASSIGN(S3Options options, ParseS3Address(flags.target));
  TRY_ASSIGN(options.settings, FindAwsSettings(ProcessEnvironment));
  if (!flags.endpoint.empty()) options.settings.endpoint = flags.endpoint;
  if (!flags.region.empty()) options.settings.region = flags.region;
  if (flags.addressing != "auto" && flags.addressing != "path" && flags.addressing != "host") {
    return UserError("is auto, path or host", "--addressing");
  }
  options.addressing = flags.addressing == "path"   ? S3Addressing::kPath
                       : flags.addressing == "host" ? S3Addressing::kHost
                                                    : S3Addressing::kAuto;
  options.dry_run = flags.dry_run;
  options.ca_file = flags.ca_file;
  return options;
}

/// A line that stays in its place on a terminal, nothing elsewhere.
void ShowProgress(std::size_t done, std::size_t total, std::string_view what) {
  constexpr std::size_t kWidth = 24;
  if (!StderrIsTerminal()) return;
  const std::string bar(total == 0 ? kWidth : kWidth * done / total, '#');
  std::fputs(fmt::format("\r\x1b[K[{:-<24}] {}/{} {:.60}{}", bar, done, total, what, done == total ? "\n" : "").c_str(),
             stderr);
}

Expected<PublishResult> Send(const PublishFlags& flags, const fs::path& site) {
  if (flags.target == "dir") return PublishToDirectory(site, flags.destination, flags.dry_run, ShowProgress);
  if (flags.target == "pages") {
    PagesOptions options = flags.pages;
    options.dry_run = flags.dry_run;
    return PublishToPages(site, options, ShowProgress);
  }
  TRY_ASSIGN(const S3Options options, S3From(flags));
  return PublishToS3(site, options, ShowProgress);
}

Status CheckTarget(const PublishFlags& flags) {
  if (flags.target == "dir" && flags.destination.empty()) return UserError("publish dir needs a directory to write");
  if (flags.target == "dir" || flags.target == "pages") return {};
  // Before any work is done for nothing.
  TRY(S3From(flags));
  return {};
}

}  // namespace

Expected<int> PublishCommand(const Invocation& invocation) {
  PublishFlags flags;
  Arguments arguments = Describe(flags);
  TRY_ASSIGN(const bool helped, ParseOrHelp(arguments, invocation.words));
  if (helped) return kExitDone;
  TRY(CheckTarget(flags));
  TRY_ASSIGN(const auto runs, ChooseRuns(flags));
  for (const fs::path& run : runs) {
    TRY_ASSIGN(const RunAggregate aggregate, AggregateRun(run.string()));
    TRY(AdmitRun(aggregate, flags.accept_invalid));
  }
  const fs::path site = fs::temp_directory_path() / fmt::format("xsweep_site_{}", ::getpid());
  TRY(RemoveTree(site));
  TRY(MakeDirectories(RealDisk(), site));
  const Status written = WriteSite(flags.results, runs, site, {.redact = flags.redact},
                                   [&](std::size_t done) { ShowProgress(done, runs.size(), "runs prepared"); });
  const auto result = written ? Send(flags, site) : std::unexpected(written.error());
  TRY(RemoveTree(site));
  if (!result) {
    if (StderrIsTerminal()) std::fputs("\r\x1b[K", stderr);
    return std::unexpected(result.error());
  }
  Print(fmt::format("{}{} run{}: {} files sent ({} bytes), {} unchanged\n{}\n",
                    flags.dry_run ? "would publish " : "published ", runs.size(), runs.size() == 1 ? "" : "s",
                    result->sent, result->sent_bytes, result->unchanged, result->address));
  return kExitDone;
}

}  // namespace xsweep
