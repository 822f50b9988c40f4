// Hearing: one dialogue, held once and judged for every trial that shares it.
// SPDX-License-Identifier: Apache-2.0
#include "engine/hearing.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/hash.h"
#include "engine/assessor_model.h"
#include "engine/jury.h"
#include "episode/judging.h"

namespace xsweep {
namespace {

CallIdentity CallerOf(const Trial& row) { return {row.cell, row.task, row.seed, row.trial, Role::kAgent, 0}; }

/// What the replies of the dialogue gave away stands in every row that is judged on it; what the first judge's did
/// stands in its own row.
template <class Unanswered, class AnsweredBy>
void AddHeard(const Unanswered& unanswered, const AnsweredBy& answered_by, bool of_judge_too, Trial& row) {
  const auto of_judge = [&](const auto& entry) {
    return !of_judge_too && entry.first.starts_with(NameOf(Role::kJudge));
  };
  std::ranges::remove_copy_if(unanswered, std::back_inserter(row.unanswered), of_judge);
  std::ranges::remove_copy_if(answered_by, std::back_inserter(row.answered_by), of_judge);
  std::ranges::sort(row.unanswered);
  std::ranges::sort(row.answered_by);
}

class Court {
 public:
  explicit Court(Hearing& hearing) : hearing_(hearing), first_(*hearing.cells.front()), watched_(first_.models) {}

  Async<Expected<std::vector<TrialRecord>>> Sit() {
    const CallIdentity caller = CallerOf(hearing_.records.front().row);
    const ModelSet& models = watched_.models();
    const bool alone = hearing_.records.size() == 1;
    if (!alone) assessor_.Use(models[Role::kJudge], caller.cell);
    Model* const assessor = alone || models[Role::kJudge] == nullptr ? models[Role::kJudge] : &assessor_;
    auto forking = hearing_.environment.Fork(hearing_.task, {models[Role::kUser], assessor, caller, hearing_.around});
    auto environment = co_await forking;
    if (!environment && environment.error().kind == ErrorKind::kInterrupted)
      co_return std::unexpected(environment.error());
    Expected<Goal> aimed = Goal();
    if (environment && !first_.attack.goal.name.empty())
      aimed = (*environment)->MakeGoal(first_.attack.goal, hearing_.draws);
    if (!environment || !aimed) {
      const Error& why = !environment ? environment.error() : aimed.error();
      for (TrialRecord& record : hearing_.records) SetError(why, record.row);
      for (std::size_t i = 1; i < hearing_.records.size(); ++i) SetHolder(i);
      co_return std::move(hearing_.records);
    }
    environment_ = std::move(*environment);
    goal_ = std::move(*aimed);
    CO_TRY(co_await HoldAndJudge(caller));
    co_return std::move(hearing_.records);
  }

 private:
  /// One judge, and who is judged by it.
  struct Seat {
    const PreparedCell* prepared;
    Trial* row;                              ///< of the first trial that is judged by it
    std::unique_ptr<WatchedModels> watched;  ///< nullptr of the first judge, who is watched with everybody else
    std::unique_ptr<Judge> judge;
    std::string kept;     ///< what is kept of its trials
    std::string pointer;  ///< of a trial that is not the holder and has the holder's judge
  };
  struct Assessed {
    const Cell* cell;
    TaskAssessment task;
    Status status;
  };

  TrialContext ContextOf(const Trial& row, const ModelSet& models) const {
    return {environment_->task(), goal_, *environment_, hearing_.draws, models, CallerOf(row), hearing_.around};
  }

  Async<Status> HoldAndJudge(const CallIdentity& caller) {
    const TrialContext context{environment_->task(), goal_,  *environment_,  hearing_.draws,
                               watched_.models(),    caller, hearing_.around};
    const auto attack = first_.attack.make(context);
    const auto agent = first_.agent(context);
    const auto defense = first_.defense(context);
    for (TrialRecord& record : hearing_.records) {
      record.row.goal = goal_.name;
      record.row.channel = attack->channel();
      record.row.payload_hash = ShortHash(attack->payload());
    }
    rules_ = {!first_.attack.none, attack->replaces_user(), hearing_.config.unanswered_resists};
    SeatJudges();
    std::optional<Jury> jury;
    if (seats_.size() > 1 && attack->stops_at_success()) {
      jury.emplace(Judges(),
                   Jury::Around{*environment_, *attack, watched_, [this](std::size_t place) { AssessFor(place); }});
    }
    Judge& judge = jury ? static_cast<Judge&>(*jury) : *seats_.front().judge;
    const EpisodeParts parts{*environment_, *agent, *attack, *defense, judge, goal_};
    result_ = co_await RunEpisode(parts, hearing_.limits);
    if (Interrupted(result_)) co_return std::unexpected(*result_.error);
    if (hearing_.records.size() > 1) {
      CO_TRY(co_await JudgeForAll(parts, jury ? &*jury : nullptr));
      co_return Status();
    }
    TrialRecord& only = hearing_.records.front();
    SetWatched(watched_, only.row);
    SetEpisode(result_, rules_, only.row);
    SetUsage(watched_, only.row);
    if (KeepsTranscript(hearing_.config.transcripts, only.row))
      only.transcript = KeptTranscript(result_, MembersBeside(result_, goal_));
    co_return Status();
  }

  static bool Interrupted(const EpisodeResult& result) {
    return result.error && result.error->kind == ErrorKind::kInterrupted;
  }

  /// Who plays the same throughout as somebody before is judged from the same seat.
  void SeatJudges() {
    for (std::size_t i = 0; i < hearing_.records.size(); ++i) {
      const PreparedCell& prepared = *hearing_.cells[i];
      Trial& row = hearing_.records[i].row;
      const auto found = std::ranges::find_if(
          seats_, [&](const Seat& seat) { return i > 0 && seat.prepared->cell->hash == prepared.cell->hash; });
      seat_of_.push_back(static_cast<std::size_t>(found - seats_.begin()));
      if (found != seats_.end()) continue;
      ModelSet own;
      own[Role::kJudge] = prepared.models[Role::kJudge];
      auto watched = i == 0 ? nullptr : std::make_unique<WatchedModels>(own);
      auto judge = prepared.judge(ContextOf(row, watched ? watched->models() : watched_.models()));
      seats_.push_back({&prepared, &row, std::move(watched), std::move(judge), {}, {}});
    }
  }
  std::vector<Judge*> Judges() const {
    std::vector<Judge*> judges;
    judges.reserve(seats_.size());
    for (const Seat& seat : seats_) judges.push_back(seat.judge.get());
    return judges;
  }

  // One after the other: each finds the dialogue as the first one did, or as it was where it would have ended for it.
  Async<Status> JudgeForAll(const EpisodeParts& held, const Jury* jury) {
    dialogue_usage_ = result_.usage;
    if (result_.end) assessed_.push_back({first_.cell, result_.task, result_.end->assessed});
    for (std::size_t place = 0; place < seats_.size(); ++place) {
      CO_TRY(co_await JudgeBy(place, held, jury == nullptr ? nullptr : jury->EndFor(place), jury != nullptr));
    }
    bool wanted = false;
    for (std::size_t i = 0; i < hearing_.records.size(); ++i) {
      Trial& row = hearing_.records[i].row;
      if (const Seat& seat = seats_[seat_of_[i]]; seat.row != &row) CopyFindings(*seat.row, row);
      if (i > 0) SetHolder(i);
      wanted = wanted || KeepsTranscript(hearing_.config.transcripts, row);
    }
    if (wanted) KeepTranscripts();
    co_return Status();
  }

  void SetHolder(std::size_t i) { hearing_.records[i].row.dialogue = hearing_.records.front().row.index; }

  // The dialogue itself is kept as soon as one of its rows is to be.
  void KeepTranscripts() {
    hearing_.records.front().transcript = seats_.front().kept;
    for (std::size_t i = 1; i < hearing_.records.size(); ++i) {
      TrialRecord& record = hearing_.records[i];
      if (!KeepsTranscript(hearing_.config.transcripts, record.row)) continue;
      const Seat& seat = seats_[seat_of_[i]];
      record.transcript = seat_of_[i] == 0 ? seat.pointer : seat.kept;
    }
  }

  Async<Status> JudgeBy(std::size_t place, const EpisodeParts& held, const EarlyEnd* early, bool jury_sat) {
    Seat& seat = seats_[place];
    EpisodeResult cut;
    if (early != nullptr) cut = CutAt(result_, *early);
    EpisodeResult& result = early != nullptr ? cut : result_;
    if (place > 0 || jury_sat) {
      const EpisodeParts parts{held.environment, held.agent, held.attack, held.defense, *seat.judge, goal_};
      const bool assess = early == nullptr && NeedsOwnAssessment(*seat.prepared->cell, result);
      if (assess) AssessFor(place);
      CO_TRY(co_await JudgeAgain(parts, assess, result));
      if (Interrupted(result)) co_return std::unexpected(*result.error);
      if (assess) assessed_.push_back({seat.prepared->cell, result.task, result.end->assessed});
      if (early != nullptr) result.usage[Role::kJudge] += result.task.usage;
      if (place == 0) {
        for (const Role role : kEvery<Role>) result.usage[role] += dialogue_usage_[role];
      }
    }
    SetRow(place, result, early);
    co_return Status();
  }

  void SetRow(std::size_t place, const EpisodeResult& result, const EarlyEnd* early) {
    Seat& seat = seats_[place];
    if (seat.watched) SetWatched(*seat.watched, *seat.row);
    if (early != nullptr) {
      AddHeard(early->unanswered, early->answered_by, place == 0, *seat.row);
    } else {
      AddHeard(watched_.unanswered(), watched_.answered_by(), place == 0, *seat.row);
    }
    SetEpisode(result, rules_, *seat.row);
    SetUsage(seat.watched ? *seat.watched : watched_, *seat.row);
    if (hearing_.config.transcripts.kind == TranscriptPolicy::Kind::kNone) return;
    const std::uint64_t holder = hearing_.records.front().row.index;
    const std::size_t steps = result.transcript.steps.size();
    if (place == 0) steps_kept_ = steps;
    seat.pointer = KeptJudgement(result, holder);
    if (place > 0 && steps == steps_kept_) {
      seat.kept = seat.pointer;
    } else {
      seat.kept = KeptTranscript(result, MembersBeside(result, goal_));
    }
  }

  /// Whether the task was solved may be the judge's model to say: then it is asked once for each such model. Where one
  /// of its kind has said so already, its word is put into the result.
  bool NeedsOwnAssessment(const Cell& cell, EpisodeResult& result) const {
    if (!assessor_.asked() || assessed_.empty()) return false;
    const auto known = std::ranges::find_if(
        assessed_, [&](const Assessed& by) { return by.cell->models[Role::kJudge] == cell.models[Role::kJudge]; });
    if (known == assessed_.end()) return true;
    result.task = known->task;
    result.end->assessed = known->status;
    return false;
  }
  void AssessFor(std::size_t place) {
    const Seat& seat = seats_[place];
    assessor_.Use(seat.watched ? seat.watched->models()[Role::kJudge] : watched_.models()[Role::kJudge],
                  seat.row->cell);
  }

  Hearing& hearing_;
  const PreparedCell& first_;
  const WatchedModels watched_;
  AssessorModel assessor_;
  std::unique_ptr<Environment> environment_;
  Goal goal_;
  RowRules rules_;
  std::vector<Seat> seats_;
  std::vector<std::size_t> seat_of_;  ///< by trial
  EpisodeResult result_;              ///< the whole dialogue, judged by whoever was asked last
  RoleUsage dialogue_usage_;          ///< of all who took part in it
  std::size_t steps_kept_ = 0;        ///< of the transcript that the first row keeps
  std::vector<Assessed> assessed_;
};

}  // namespace

Async<Expected<std::vector<TrialRecord>>> Hear(Hearing hearing) {
  Court court(hearing);
  co_return co_await court.Sit();
}

}  // namespace xsweep
