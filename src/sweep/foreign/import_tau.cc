// ImportTau: recorded episodes of tau-bench v1 and tau2-bench as a run.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/import_tau.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "foreign/replay.h"
#include "foreign/tau.h"
#include "parts/catalog.h"
#include "parts/desks.h"
#include "record/transcripts/transcript_log.h"

namespace xsweep {
namespace {

/// Numbered tasks in the order of their numbers.
struct ShorterFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};
using TaskIds = std::set<std::string, ShorterFirst>;

/// What the first walk over the file tells.
struct Overview {
  TaskIds tasks;
  std::uint64_t errors = 0, costly = 0, called = 0;
  RewardsSeen rewards;
  double reward_sum = 0, cost_usd = 0, seconds = 0;
  std::string costly_example;
  std::map<std::string, std::set<std::uint32_t>> trials;
};

/// Costs that nobody paid: v1 files exist whose `user_cost` counts tokens.
bool Absurd(const Usage& usage) {
  if (!usage.cost_known) return false;
  const double usd = static_cast<double>(usage.cost_nano_usd) / 1e9;
  const auto tokens = static_cast<double>(usage.prompt_tokens + usage.completion_tokens);
  return usd > 50 || (tokens > 0 && usd / tokens > 0.005);
}

void Look(const ForeignTrial& trial, Overview& seen) {
  seen.tasks.insert(trial.task);
  seen.trials[trial.task].insert(trial.trial);
  seen.called += trial.dialogue->calls.size();
  seen.seconds += trial.seconds.value_or(0);
  if (!trial.error.empty()) {
    ++seen.errors;
    return;
  }
  seen.rewards.Add(*trial.reward);
  seen.reward_sum += *trial.reward;
  if (Absurd(trial.agent) || Absurd(trial.user)) {
    const Usage& usage = Absurd(trial.agent) ? trial.agent : trial.user;
    if (seen.costly++ == 0)
      seen.costly_example = fmt::format("{} USD in {}", static_cast<double>(usage.cost_nano_usd) / 1e9, trial.place);
  }
}

std::string DomainOf(const std::string& environment) { return environment.substr(environment.find('/') + 1); }

std::string Few(const std::vector<std::string>& names) {
  std::vector<std::string> shown(names.begin(), names.begin() + std::min<std::ptrdiff_t>(3, std::ssize(names)));
  for (std::string& name : shown) name = Printable(name, 60);
  return fmt::format("{}{}", fmt::join(shown, ", "), names.size() > 3 ? ", …" : "");
}

/// A file that says another domain is another experiment, whatever its task ids look like.
Status CheckDomain(const ForeignSource& source, const std::string& environment, const std::string& where) {
  if (source.domain.empty() || environment.empty() || DomainOf(environment) == source.domain) return {};
  const std::string named = source.format + "/" + source.domain;
  return UserError(
      fmt::format("is about the domain `{}`, and --environment is {}; {}", source.domain, environment,
                  FindDesk(named) != nullptr ? "say --environment " + named
                                             : "leave --environment out, and its episodes are taken as facts"),
      where);
}

/// The environment to replay in; an empty name means none.
EnvironmentFlags ChooseEnvironment(const ImportRequest& request, const ForeignSource& source) {
  EnvironmentFlags flags = request.environment;
  const std::string named = source.format + "/" + source.domain;
  if (flags.name.empty() && !flags.data.empty() && FindDesk(named) != nullptr) flags.name = named;
  return flags;
}

Status CheckTasks(const EnvironmentSource& environment, const Overview& seen, const ForeignSource& source,
                  const std::string& where) {
  std::vector<std::string> unknown;
  for (const std::string& id : seen.tasks) {
    if (std::ranges::find(environment.tasks(), id, &Task::id) == environment.tasks().end()) unknown.push_back(id);
  }
  if (unknown.empty()) return {};
  return UserError(
      fmt::format("{} of its {} tasks are none of {} ({}); {}", unknown.size(), seen.tasks.size(),
                  environment.info().name, Few(unknown),
                  source.domain.empty() ? "is it about another domain?" : "its domain is " + source.domain),
      where);
}

/// Which of the file's own tasks are not those of the user's copy.
void CompareTasks(const EnvironmentSource& own, const EnvironmentSource& data, const Overview& seen, ImportedRun& run) {
  std::vector<std::string> other;
  for (const std::string& id : seen.tasks) {
    const auto mine = std::ranges::find(own.tasks(), id, &Task::id);
    const auto theirs = std::ranges::find(data.tasks(), id, &Task::id);
    if (mine == own.tasks().end()) continue;
    if (theirs == data.tasks().end() || mine->data_hash != theirs->data_hash) other.push_back(id);
  }
  run.about.Set("tasks_that_differ", static_cast<std::int64_t>(other.size()));
  if (other.empty()) return;
  run.Note(
      fmt::format("{} of {} tasks differ from your copy's ({}); the episodes are scored by the file's own tasks, whose "
                  "hashes stand "
                  "in the rows.",
                  other.size(), seen.tasks.size(), Few(other)));
}

void SayAgreement(const ReplayAgreement& agreement, const TauFile& file, const Overview& seen, ImportedRun& run) {
  run.about.Set("replay", Json::MakeObject({{"calls", agreement.calls},
                                            {"same", agreement.same},
                                            {"graded", agreement.graded},
                                            {"same_reward", agreement.same_reward}}));
  if (agreement.graded == 0) return;
  if (agreement.same_reward == agreement.graded) {
    run.Note(fmt::format("Re-scored: {} of {} graded episodes get the recorded reward.", agreement.same_reward,
                         agreement.graded));
    return;
  }
  const auto& labels = file.labels();
  const std::string cause =
      labels.other * 2 > labels.checked && labels.other > 0 ? "the task labels are probably wrong"
      : agreement.same * 10 < agreement.calls * 9           ? "the recording was probably made on other data"
      : !file.carries_tasks() ? "the file carries no tasks, and those of your copy may be others"
                              : fmt::format("{} of its tasks are graded otherwise here", seen.tasks.size());
  run.Warn(fmt::format("Re-scored: only {} of {} graded episodes get the recorded reward; {}.", agreement.same_reward,
                       agreement.graded, cause));
}

void SayMissingEpisodes(const Overview& seen, ImportedRun& run) {
  std::size_t most = 0, missing = 0;
  for (const auto& [task, trials] : seen.trials) most = std::max(most, trials.size());
  std::vector<std::string> short_of;
  // A file that numbers its trials through all tasks has no two trials of one number.
  std::set<std::uint32_t> numbers;
  for (const auto& [task, trials] : seen.trials) numbers.insert(trials.begin(), trials.end());
  if (numbers.size() <= most) {
    for (const auto& [task, trials] : seen.trials) {
      if (trials.size() < most) missing += most - trials.size(), short_of.push_back(task);
    }
  }
  if (missing > 0) {
    run.Note(fmt::format("{} of {} episodes are not in the file (task {}); there are no rows for them.", missing,
                         most * seen.trials.size(), Few(short_of)));
  }
}

void SayWhatIsOdd(const TauFile& file, const Overview& seen, const ImportRequest& request, ImportedRun& run) {
  const auto& labels = file.labels();
  if (labels.other > 0) {
    run.Warn(
        fmt::format("Mislabelled: in {} of {} episodes the recorded action checks are those of another task than "
                    "task_id says ({}).",
                    labels.other, labels.checked, Printable(labels.example, 120)));
  }
  SayPartialRewards(request, seen.rewards, run);
  if (seen.costly > 0) {
    run.Warn(fmt::format("The costs of {} cannot be right ({}): they are kept as recorded.",
                         seen.costly == 1 ? "one episode" : fmt::format("{} episodes", seen.costly),
                         Printable(seen.costly_example, 200)));
  }
  if (seen.seconds > 0) run.about.Set("seconds", seen.seconds);
  SayMissingEpisodes(seen, run);
}

void Announce(const TauFile& file, const Overview& seen, const ReplayAgreement* agreement) {
  std::size_t most = 0;
  for (const auto& [task, trials] : seen.trials) most = std::max(most, trials.size());
  const double mean = seen.rewards.graded == 0 ? 0 : seen.reward_sum / static_cast<double>(seen.rewards.graded);
  const std::string reward = seen.rewards.graded == 0 ? "no rewards"
                             : seen.rewards.graded == file.size()
                                 ? fmt::format("mean reward {:.3f}", mean)
                                 : fmt::format("mean reward {:.3f} over {} graded", mean, seen.rewards.graded);
  Print(fmt::format("imported: {} episodes of {} tasks, {} trials each, {} errors; {}\n", file.size(),
                    seen.tasks.size(), most, seen.errors, reward));
  if (agreement != nullptr) Print(agreement->Text());
}

/// Rows of all episodes; with an environment they are replayed first.
Status AddRows(const TauFile& file, const EnvironmentSource* environment, const Grading& grading,
               ReplayAgreement& agreement, ImportedRun& run) {
  const std::string policy = environment == nullptr ? "" : ShortHash(environment->policy());
  return file.ForEach([&](ForeignTrial&& episode) -> Status {
    Trial row = RowOf(episode, file.source().seed, grading);
    if (environment != nullptr) {
      TRY_ASSIGN(const std::size_t place, FindTask(*environment, episode.task));
      TRY(ReplayEpisode(*environment, place, episode, agreement));
      row.task_hash = environment->tasks()[place].data_hash;
      row.policy_hash = policy;
    } else {
      row.task_hash = ShortHash(episode.task);
    }
    const std::uint64_t index = run.Add(episode.arm, std::move(row), episode.trial);
    AppendTranscriptRecord(index, 0, episode.dialogue->ToJson().Dump(), run.transcripts);
    return {};
  });
}

/// What both ways of importing start from.
struct TauImport {
  const ImportRequest& request;
  const TauFile& file;
  std::string where;
  Overview seen;
  std::vector<std::string> tasks;
  std::string sha256;
};

/// Takes the recorded rewards as facts.
Expected<int> ImportAsFacts(const TauImport& what) {
  const ForeignSource& source = what.file.source();
  ImportedRun run;
  ReplayAgreement none;
  run.Note(
      "The episodes were not replayed: no environment was named. `--environment NAME --data DIR` replays and "
      "re-scores them where the desk is one of ours.");
  Json environment =
      Json::MakeObject({{"name", "recorded"}, {"ids", Json::MakeArray({what.tasks.begin(), what.tasks.end()})}});
  TRY_ASSIGN(const Experiment experiment,
             DescribeImport(what.request, source, std::move(environment), what.tasks, what.sha256));
  TRY(AddRows(what.file, nullptr, GradingOf(what.request, what.seen.rewards), none, run));
  run.NumberTrials();
  SayWhatIsOdd(what.file, what.seen, what.request, run);
  Announce(what.file, what.seen, nullptr);
  return run.Finish(experiment, what.request, source, what.sha256);
}

/// Replays every episode in the environment of `flags` and grades it there. Where the file carries its own tasks, these
/// are what is replayed, and the user's copy is only compared with them.
Expected<int> ImportByReplay(const TauImport& what, const EnvironmentFlags& flags) {
  const ForeignSource& source = what.file.source();
  TRY_ASSIGN(Json environment, flags.Options());
  TRY_ASSIGN(const auto data, BuildCatalog().OpenEnvironment(flags.name, environment));
  std::shared_ptr<const EnvironmentSource> own = data;
  if (what.file.carries_tasks() && FindDesk(flags.name) != nullptr) {
    environment.Set("tasks_file", what.where);
    TRY_ASSIGN(own, BuildCatalog().OpenEnvironment(flags.name, environment));
  }
  TRY(CheckTasks(*own, what.seen, source, what.where));
  environment.Set("name", flags.name);
  TRY_ASSIGN(const Experiment experiment,
             DescribeImport(what.request, source, std::move(environment), what.tasks, what.sha256));
  ImportedRun run;
  ReplayAgreement agreement;
  TRY(AddRows(what.file, experiment.environment.get(), GradingOf(what.request, what.seen.rewards), agreement, run));
  if (agreement.unknown_tools * 2 > agreement.calls)
    return UserError(fmt::format("{} of {} recorded calls are of tools that {} has not; is it about another domain?",
                                 agreement.unknown_tools, agreement.calls, flags.name),
                     what.where);
  run.NumberTrials();
  if (own != data) CompareTasks(*own, *data, what.seen, run);
  SayAgreement(agreement, what.file, what.seen, run);
  SayWhatIsOdd(what.file, what.seen, what.request, run);
  Announce(what.file, what.seen, &agreement);
  return run.Finish(experiment, what.request, source, what.sha256);
}

}  // namespace

Expected<int> ImportTau(const ImportRequest& request) {
  TRY_ASSIGN(const TauFile file, TauFile::Open(request.file));
  const ForeignSource& source = file.source();
  TauImport what{request, file, file.path().string(), {}, {}, file.Sha256Hex()};
  if (!request.from.empty() && request.from != source.format)
    return UserError(fmt::format("is in the form of {}, not of {}", source.format, request.from), what.where);
  TRY(CheckDomain(source, request.environment.name, what.where));
  // Walked twice: whether partial rewards are graded, and which tasks there are, is known at the end only, and a file
  // of many gigabytes cannot be held.
  TRY(file.ForEach([&](ForeignTrial&& trial) -> Status {
    Look(trial, what.seen);
    return {};
  }));
  what.tasks.assign(what.seen.tasks.begin(), what.seen.tasks.end());
  const EnvironmentFlags flags = ChooseEnvironment(request, source);
  return flags.name.empty() ? ImportAsFacts(what) : ImportByReplay(what, flags);
}

}  // namespace xsweep
