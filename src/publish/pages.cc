// GitHub Pages: the site as a branch of a git remote. Works in an index and a work tree of its own.
// SPDX-License-Identifier: Apache-2.0
#include "publish/pages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <regex>

#include "base/files.h"
#include "base/system/process.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr int kTries = 10;
// Said outright, so that no configuration of a remote names another program for the far side.
constexpr const char* kUploadPack = "--upload-pack=git-upload-pack";
constexpr const char* kReceivePack = "--receive-pack=git-receive-pack";
constexpr std::string_view kNobody = "0000000000000000000000000000000000000000";

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

/// "https://user:token@host/x" -> "https://host/x", anywhere in a text.
std::string WithoutCredentials(const std::string& text) {
  static const std::regex kCredentials("://[^/@\\s]*@");
  return std::regex_replace(text, kCredentials, "://");
}

/// git on the object store of one repository, with an index and a work tree of its own.
class Git {
 public:
  Git(const PagesOptions& options, fs::path scratch) : options_(options), scratch_(std::move(scratch)) {}

  Expected<ProcessResult> Try(std::vector<std::string> args, const std::string& input = {}) const {
    // Nothing that a repository names is run: no hooks, no monitor of files.
    ProcessRequest request{
        .args = {"git", "-c", "core.quotepath=off", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"}};
    request.args.insert(request.args.end(), args.begin(), args.end());
    request.input = input;
    request.directory = options_.repository.string();
    // No prompt may wait for a person who is not there.
    request.environment = {
        {"GIT_INDEX_FILE", (scratch_ / "index").string()}, {"GIT_TERMINAL_PROMPT", "0"}, {"LC_ALL", "C"}};
    request.time_limit = std::chrono::minutes(10);
    return RunProcess(request);
  }

  Expected<std::string> Run(std::vector<std::string> args, const std::string& input = {}) const {
    const std::string name = args.front();
    TRY_ASSIGN(const ProcessResult result, Try(std::move(args), input));
    if (result.exit_code != 0) {
      return WorldError(WithoutCredentials(result.err.empty() ? result.out : result.err), "git " + name);
    }
    return result.out.ends_with('\n') ? result.out.substr(0, result.out.size() - 1) : result.out;
  }

 private:
  const PagesOptions& options_;
  fs::path scratch_;
};

/// The commit that the branch is at on the remote, fetched; empty when there is no such branch yet.
Expected<std::string> FetchTip(const Git& git, const PagesOptions& options) {
  const std::string ref = "refs/heads/" + options.branch;
  TRY_ASSIGN(const std::string listed, git.Run({"ls-remote", kUploadPack, "--", options.remote, ref}));
  if (listed.empty()) return std::string();
  TRY(git.Run({"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", kUploadPack, "--", options.remote, ref}));
  return listed.substr(0, listed.find('\t'));
}

/// Puts one file of the site into the index; true when it differs from what was there.
class Index {
 public:
  Index(const Git& git, const std::string& tip) : git_(git), tip_(tip) {}

  Status Start() const {
    return tip_.empty() ? Ok(git_.Run({"read-tree", "--empty"})) : Ok(git_.Run({"read-tree", tip_}));
  }
  Expected<std::string> Published(std::string_view name) const {
    if (tip_.empty()) return std::string();
    TRY_ASSIGN(const ProcessResult result, git_.Try({"cat-file", "blob", fmt::format("{}:{}", tip_, name)}));
    return result.exit_code == 0 ? result.out : std::string();
  }
  /// All files at once: one git process hashes them, one takes them into the index.
  Status Add(const std::vector<BundleFile>& files, const std::string& run_list) const {
    std::string paths;
    for (const BundleFile& file : files) paths += fs::absolute(file.path).string() + "\n";
    TRY_ASSIGN(const std::string hashes, git_.Run({"hash-object", "-w", "--no-filters", "--stdin-paths"}, paths));
    TRY_ASSIGN(const std::string list, git_.Run({"hash-object", "-w", "--stdin"}, run_list));
    TRY_ASSIGN(const std::string empty, git_.Run({"hash-object", "-w", "--stdin"}));
    // Without .nojekyll GitHub would run the site through Jekyll.
    std::string entries = "100644 " + empty + "\t.nojekyll\n";
    std::size_t start = 0;
    for (const BundleFile& file : files) {
      const std::size_t end = std::min(hashes.find('\n', start), hashes.size());
      entries +=
          fmt::format("100644 {}\t{}\n", file.name == kRunList ? list : hashes.substr(start, end - start), file.name);
      start = end + 1;
    }
    return Ok(git_.Run({"update-index", "--add", "--index-info"}, entries));
  }

 private:
  static Status Ok(const Expected<std::string>& result) {
    if (!result) return std::unexpected(result.error());
    return {};
  }
  const Git& git_;
  const std::string& tip_;
};

Expected<std::string> Commit(const Git& git, const PagesOptions& options, const std::string& tip,
                             const std::string& tree) {
  std::vector<std::string> args = {"-c", "user.name=xsweep", "-c", "user.email=xsweep@localhost", "commit-tree", tree,
                                   "-m", "Publish runs"};
  if (!tip.empty()) {
    TRY_ASSIGN(const ProcessResult counted, git.Try({"rev-list", "--count", tip}));
    const bool shallow = counted.exit_code != 0;
    if (!shallow && std::atoi(counted.out.c_str()) < options.keep_commits) args.insert(args.end(), {"-p", tip});
  }
  return git.Run(std::move(args));
}

struct Attempt {
  bool accepted = false;
  std::size_t changed = 0;
};

Expected<Attempt> TryOnce(const Git& git, const PagesOptions& options, const std::vector<BundleFile>& files,
                          const std::string& ours) {
  TRY_ASSIGN(const std::string tip, FetchTip(git, options));
  const Index index(git, tip);
  TRY(index.Start());
  TRY_ASSIGN(const std::string theirs, index.Published(kRunList));
  TRY_ASSIGN(const std::string run_list, MergeRunLists(theirs, ours));
  TRY(index.Add(files, run_list));
  TRY_ASSIGN(const std::string tree, git.Run({"write-tree"}));
  Attempt attempt{.accepted = true, .changed = files.size()};
  if (!tip.empty()) {
    TRY_ASSIGN(const std::string changed, git.Run({"diff-tree", "-r", "--name-only", tip + "^{tree}", tree}));
    attempt.changed = changed.empty() ? 0 : 1 + static_cast<std::size_t>(std::ranges::count(changed, '\n'));
  }
  if (attempt.changed == 0 || options.dry_run) return attempt;
  TRY_ASSIGN(const std::string commit, Commit(git, options, tip, tree));
  const std::string ref = "refs/heads/" + options.branch;
  // The lease makes the push conditional on the state that we built on, also when history was shortened.
  TRY_ASSIGN(const ProcessResult pushed,
             git.Try({"push", "--quiet", "--porcelain", "--no-verify", kReceivePack,
                      fmt::format("--force-with-lease={}:{}", ref, tip.empty() ? kNobody : tip), "--", options.remote,
                      commit + ":" + ref}));
  if (pushed.exit_code == 0) return attempt;
  const std::string words = pushed.out + pushed.err;
  for (const char* sign : {"stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref",
                           "already exists", "reference already"}) {
    if (words.find(sign) != std::string::npos) return Attempt{};
  }
  return WorldError(WithoutCredentials(words), "git push");
}

}  // namespace

std::string PagesAddress(const std::string& remote_url, const std::string& branch) {
  static const std::regex kGitHub("github\\.com[:/]([^/]+)/([^/]+?)(\\.git)?/?$");
  std::smatch found;
  if (!std::regex_search(remote_url, found, kGitHub))
    return "branch " + branch + " of " + WithoutCredentials(remote_url);
  const std::string owner = found[1];
  const std::string name = found[2];
  return name == owner + ".github.io" ? fmt::format("https://{}/", name)
                                      : fmt::format("https://{}.github.io/{}/", owner, name);
}

Expected<PublishResult> PublishToPages(const fs::path& site, const PagesOptions& options,
                                       const PublishProgress& progress) {
  const auto begins_well = [](const std::string& name) { return !name.empty() && name.front() != '-'; };
  if (!begins_well(options.remote) || !begins_well(options.branch))
    return UserError("a remote or branch does not begin with a dash",
                     begins_well(options.remote) ? "--branch" : "--remote");
  TRY_ASSIGN(const auto files, ListBundle(site));
  TRY_ASSIGN(const std::string ours, ReadFile(site / kRunList));
  const fs::path scratch = fs::temp_directory_path() /
                           fmt::format("xsweep_pages_{}_{}", ::getpid(), reinterpret_cast<std::uintptr_t>(&files));
  TRY(MakeDirectories(RealDisk(), scratch));
  const Git git(options, scratch);
  Expected<Attempt> attempt = Attempt{};
  for (int n = 0; n < kTries && attempt && !attempt->accepted; ++n) attempt = TryOnce(git, options, files, ours);
  TRY(RemoveTree(scratch));
  if (!attempt) return std::unexpected(attempt.error());
  if (!attempt->accepted) return WorldError("others kept pushing to it; try again", "branch " + options.branch);
  progress(files.size(), files.size(), kFrontPage);
  const auto url = git.Try({"remote", "get-url", options.remote});
  const std::string address = url && url->exit_code == 0 ? FirstLine(url->out) : options.remote;
  return PublishResult{.sent = attempt->changed,
                       .unchanged = files.size() - std::min(files.size(), attempt->changed),
                       .address = PagesAddress(address, options.branch)};
}

}  // namespace xsweep
