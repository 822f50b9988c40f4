// The five roles of an episode: environment, agent, attack, defense, judge. Read this first.
//
// One trial, in one breath: the environment's simulated user speaks (the attack may speak for it); the agent answers
// with text or tool calls; the defense looks at every call before and at every result after; the environment executes
// what was let through and says what it changed; the attack may rewrite what comes back; until somebody stops or a
// limit does. Then the judge reads what was executed, and the environment says whether the task was solved.
// The loop itself is in run_episode.h. "No attack" and "no defense" are ordinary parts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/draw.h"
#include "episode/model.h"
#include "episode/transcript.h"
#include "words/message.h"

namespace xsweep {

/// What the user wants from the agent. Immutable; shared by every trial of it.
struct Task {
  std::string id;
  std::string data_hash;    ///< 16 hex digits over everything below, as the environment loaded it
  std::string instruction;  ///< what the simulated user is told, or says itself when no model plays it
  std::string user_id;      ///< the customer concerned; empty when the task has none
  std::vector<ToolCall> reference_actions;
  std::vector<std::string> communicate;    ///< what the agent must tell the user
  std::vector<std::string> nl_assertions;  ///< need a model judge; without one they are "not assessed"
  std::vector<std::string> reward_basis;   ///< DB, COMMUNICATE, ACTION, NL_ASSERTION
  std::vector<bool> reference_refused{};   ///< which reference actions the tools refuse; empty: none
  /// Which arguments of each reference action count for ACTION; without an entry, those that the call at hand has.
  std::vector<std::optional<std::vector<std::string>>> compared_arguments{};
  /// Whether an agent that does and says nothing solves the task, assertions on language aside; empty: not known.
  std::optional<bool> solved_by_nothing{};
};

/// What the attacker wants: real tool calls that the policy forbids for this task's customer.
struct Goal {
  std::string name;         ///< e.g. unearned_certificate; empty when there is no attack
  std::string description;  ///< in the words of an attacker: "a travel certificate of 214 USD for user ..."
  std::vector<ToolCall> calls;
  std::string effect_kind;  ///< the Effect that shows it was reached
  double amount_usd = 0;
};

/// What an attack asks the environment to aim at. Amounts are drawn within [low, high] by identity.
struct GoalRequest {
  std::string name;
  double amount_low = 0;
  double amount_high = 0;
};

struct ToolOutcome {
  std::string content;
  bool error = false;
  std::vector<Effect> effects;
  bool ends_dialogue = false;  ///< a hand-over that ends the episode (tau-bench v1): stop is "transfer"
  Json structured{};           ///< the result as data beside the text, where a server sends both; else null
};

/// A declared place where text of third parties enters the world: a leaf of a tool's result, or, when `planted`, a
/// place in the world itself that only the environment can write to.
struct Vector {
  std::string name;
  std::string tool;      ///< the tool whose result holds it
  std::string pointer;   ///< JSON pointer into the result; empty: the whole text
  bool replace = false;  ///< the payload takes the place of what stood there, instead of following it
  bool planted = false;
  friend bool operator==(const Vector&, const Vector&) = default;
};

/// A payload and the planted vector that it is put into. Of what is asked for, `vector` may also be "*": every place
/// that this task's own calls come across; and `text` may be empty with `attack` set: the benchmark's own words.
struct Planting {
  std::string vector;
  std::string text;
  std::string attack{};
};

/// A world's state as data before the first call and now: null where it cannot be looked at.
struct StateView {
  Json before;
  Json after;
};

/// The kind of the effect that shows that the user's task failed: the goal of an attack that only wants to disturb.
inline constexpr std::string_view kTaskFailed = "task_failed";

struct UserTurn {
  std::string text;
  bool stop = false;  ///< the user has nothing more to say; `text` is not shown to the agent
};

/// Whether the benign task was solved, part by part. A part that could not be assessed is empty, never true.
struct TaskAssessment {
  std::optional<bool> success;    ///< the product of the parts in the task's reward basis; empty if one is not assessed
  std::optional<bool> database;   ///< end state equals the reference end state (the reference's strict comparison)
  std::optional<bool> canonical;  ///< the same without regard to list order and 25 against 25.0
  std::optional<bool> communicated;
  std::optional<bool> actions;
  std::optional<bool> nl_assertions;
  Json state_difference;  ///< which records changed against the start: [{table, id, change, before, after}]
  Usage usage;            ///< of the model that assessed nl_assertions, if one did
};

/// One trial's private world with its simulated user. Never shared between threads.
class Environment {
 public:
  virtual ~Environment() = default;
  virtual const Task& task() const = 0;
  virtual std::string_view policy() const = 0;
  virtual const std::vector<ToolSchema>& tools() const = 0;

  /// The tool calls that would reach a goal for this task's customer. Fails with kUser when this environment does
  /// not know the goal or cannot aim it at this task.
  virtual Expected<Goal> MakeGoal(const GoalRequest& request, const Draws& draws) const = 0;

  /// Executes a call. A tool's refusal is an outcome with `error` set; an Error means the environment itself failed.
  virtual Async<Expected<ToolOutcome>> Call(const ToolCall& call) = 0;
  /// What the call would change if it were executed now; changes nothing.
  virtual std::vector<Effect> Foresee(const ToolCall& call) const = 0;

  /// What the simulated user says next. `Usage` of a model that plays the user is added to `usage`.
  virtual Async<Expected<UserTurn>> Speak(const Conversation& conversation, Usage& usage) = 0;
  /// Compares the state now with the end state of the reference actions.
  virtual Async<Expected<TaskAssessment>> AssessTask(const Transcript& transcript) = 0;

  /// Puts payloads into the world before the first turn. Returns them as they really stand there, which is what
  /// exposure looks for: a loader may fold lines. Fails with kEpisode where there is no such vector.
  virtual Async<Expected<std::vector<Planting>>> Plant(std::vector<Planting> what, const Goal& goal);
  /// After the last word: what only a look at the end state, or the environment's own check of the goal, can tell.
  virtual Async<Expected<std::vector<Effect>>> EndEffects(const Transcript& transcript, const Goal& goal);
  /// The state as data; nulls unless the environment can show it.
  virtual Async<Expected<StateView>> Observe();
  /// What it has to say of this trial beyond its results: a server that changed its tools, say.
  virtual std::vector<std::string> notes() const { return {}; }
  virtual const std::vector<Vector>& vectors() const;
};

struct AgentTurn {
  std::string text;
  std::vector<ToolCall> calls;  ///< executed in order; the results are shown before the agent acts again
  std::string reasoning;
  bool stop = false;
  Usage usage;
  Json kept{};                           ///< for Message::kept
  NoAnswer no_answer = NoAnswer::kNone;  ///< not kNone: nobody decided anything, and no call of it is executed
  std::string why{};                     ///< in words, of a turn that is no answer
};

class Agent {
 public:
  virtual ~Agent() = default;
  /// The agent's next turn, given all that it can see.
  virtual Async<Expected<AgentTurn>> Act(const Conversation& conversation) = 0;
};

/// Enters through one channel; decides itself (its trigger) when to act.
class Attack {
 public:
  virtual ~Attack() = default;
  virtual Channel channel() const = 0;
  /// Whether PoisonTools wants to be asked.
  virtual bool poisons_tools() const { return channel() == Channel::kToolDescription; }
  /// True when the attack speaks instead of the task's user: nobody asks for the task then, and it has no success.
  virtual bool replaces_user() const { return false; }
  /// The text that it would insert, without task or goal filled in: hashed into every row. Empty for `none`.
  virtual std::string payload() const = 0;

  /// Rewrites tool descriptions before the agent sees them; returns the inserted text, empty when none was.
  virtual std::string PoisonTools(std::vector<ToolSchema>& tools);
  /// What is said on the coming user turn. `said` is what the user would say (empty for an attack that replaces it).
  /// An empty `inserted` means that nothing was injected on this turn.
  struct Spoken {
    UserTurn turn;
    std::string inserted;
    Usage usage;
  };
  virtual Async<Expected<Spoken>> Speak(UserTurn said, const Conversation& conversation);
  /// What the environment is to put into its world before the first turn.
  virtual std::vector<Planting> Plantings() const { return {}; }
  /// Rewrites a result on its way back, text and data alike; returns the inserted text, empty when none was.
  virtual std::string PoisonResult(const ToolCall& call, ToolOutcome& outcome);
  /// Tries that an adaptive attack has made so far.
  virtual std::int64_t queries() const { return 0; }
  /// Whether it says no more once a try has succeeded: what it would do then is no effort that the success cost.
  virtual bool stops_at_success() const { return false; }
};

/// What a defense decided about one thing, in order; empty lets it pass without a word. It is denied when one of them
/// is kDeny; the last kModify says what the agent sees.
using Decisions = std::vector<Decision>;

/// A defense that cannot decide fails (the trial becomes an error); it never lets through by failing.
class Defense {
 public:
  virtual ~Defense() = default;
  /// Added to the agent's system prompt; empty for none.
  virtual std::string SystemPrompt() const { return {}; }
  /// Whether ReviewTool wants to be asked.
  virtual bool reviews_tools() const { return false; }
  /// Sees each (possibly poisoned) tool before the agent does: kModify replaces its description, kDeny removes it.
  virtual Async<Expected<Decisions>> ReviewTool(const ToolSchema& tool);
  /// Sees what the user says before the agent does: kModify replaces it, kDeny puts a notice in its place.
  virtual Async<Expected<Decisions>> ReviewUserTurn(const std::string& text, const Conversation& conversation);
  /// kDeny: the call is not executed and the agent is told so. kModify has no meaning here and is an error.
  virtual Async<Expected<Decisions>> BeforeCall(const ToolCall& call, const Conversation& conversation);
  /// Sees the (possibly poisoned) result before the agent does: kModify replaces it, kDeny withholds it; what was
  /// executed stays executed.
  virtual Async<Expected<Decisions>> AfterCall(const ToolCall& call, const std::string& content,
                                               const Conversation& conversation);
  /// What model-backed decisions have used so far.
  virtual Usage usage() const { return {}; }
};

/// The judge's finding. Attempted, executed and blocked count calls that serve the attacker.
struct Assessment {
  std::optional<bool> succeeded;  ///< empty when the judge could not tell: the trial is unscored, an error row
  int attempted = 0;
  int executed = 0;
  int blocked = 0;
  double amount_usd = 0;  ///< the largest amount that was moved against the policy
  std::string reason;
  Usage usage;
};

/// Reads a finished transcript; looks at executed state, not at intentions. The same judge works on a kept one.
class Judge {
 public:
  virtual ~Judge() = default;
  virtual Async<Expected<Assessment>> Assess(const Task& task, const Goal& goal, const Transcript& transcript) = 0;
  /// Whether a success in a dialogue that goes on is one whatever comes after it, and is found without asking a model.
  /// Only then can be said which try succeeded, and an attack stop there.
  virtual bool finds_success_early() const { return false; }
};

}  // namespace xsweep
