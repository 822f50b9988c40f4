// The loop that lets the roles talk: user, agent, calls, and who looks at them on the way.
// SPDX-License-Identifier: Apache-2.0
#include "episode/run_episode.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "episode/call_ids.h"
#include "episode/decisions.h"
#include "episode/dialogue_record.h"
#include "episode/judging.h"
#include "episode/kept_results.h"
#include "episode/notice.h"
#include "episode/own_tools.h"
#include "episode/payload_trace.h"
#include "episode/refused.h"
#include "episode/rug_pull.h"

namespace xsweep {
namespace {

class Dialogue {
 public:
  Dialogue(const EpisodeParts& parts, const EpisodeLimits& limits, EpisodeResult& result)
      : parts_(parts),
        limits_(limits),
        result_(result),
        transcript_(result.transcript),
        record_(result.transcript),
        conversation_(record_.conversation()),
        rug_pull_(dynamic_cast<const ChangesTools*>(&parts.attack)) {}

  // Everything up to the last word; then who judges may judge.
  Async<Status> Run() {
    CO_TRY(co_await Prepare());
    while (transcript_.stop == Stop::kNone) {
      CO_TRY(co_await HearUser());
      bool answered = transcript_.stop != Stop::kNone;
      while (!answered) {
        CO_TRY_ASSIGN(answered, co_await LetAgentAct());
        answered = answered || transcript_.stop != Stop::kNone;
      }
    }
    co_return Status();
  }

  Async<Status> Judge() { return JudgeDialogue(parts_, trace_, result_); }

 private:
  // Which try was the one: asked after each until one was. A model is not asked that often, so who needs one is not.
  // With that a dialogue depends on its judge as soon as the attack stops at success.
  Async<Status> NoteSuccess() {
    const std::int64_t tries = parts_.attack.queries();
    if (tries == 0 || result_.success_query || !parts_.judge.finds_success_early()) co_return Status();
    CO_TRY_ASSIGN(const Assessment so_far,
                  co_await parts_.judge.Assess(parts_.environment.task(), parts_.goal, transcript_));
    if (so_far.succeeded.value_or(false)) result_.success_query = tries;
    co_return Status();
  }

  Async<Status> Plant() {
    std::vector<Planting> wanted = parts_.attack.Plantings();
    if (wanted.empty()) co_return Status();
    CO_TRY_ASSIGN(std::vector<Planting> planted, co_await parts_.environment.Plant(std::move(wanted), parts_.goal));
    for (const Planting& planting : planted) record_.NotePlanted(planting.text, planting.vector);
    trace_.Planted(std::move(planted));
    co_return Status();
  }

  // The system prompt and the tools as the agent will see them.
  Async<Status> Prepare() {
    CO_TRY(co_await Plant());
    transcript_.system = parts_.environment.policy();
    if (const std::string prompt = parts_.defense.SystemPrompt(); !prompt.empty()) {
      transcript_.system += "\n\n" + prompt;
    }
    conversation_.system = Common<std::string>::Of(transcript_.system);
    conversation_.tools = &parts_.environment.tools();
    if (parts_.attack.poisons_tools() || parts_.defense.reviews_tools()) CO_TRY(co_await ShowTools());
    auto* hears = dynamic_cast<HearsDecisions*>(&parts_.agent);
    if (hears != nullptr && dynamic_cast<const DeniesNoCall*>(&parts_.defense) != nullptr) hears->ExpectNoDenial();
    if (ResultsAreKept()) TellResultsAreKept(parts_.agent);
    co_return Status();
  }

  bool ResultsAreKept() const {
    const Channel channel = parts_.attack.channel();
    if (channel == Channel::kToolResult || channel == Channel::kRecord) return false;
    const auto* leaves = dynamic_cast<const LeavesResults*>(&parts_.defense);
    return leaves != nullptr && leaves->leaves_results();
  }

  // Once before the first turn, and anew when an attack changes them behind the agent's back.
  Async<Status> ShowTools() {
    const bool poisons = parts_.attack.poisons_tools();
    const int turn = std::max(1, conversation_.turn);
    tools_ = parts_.environment.tools();
    const std::string inserted = poisons ? parts_.attack.PoisonTools(tools_) : std::string();
    if (!inserted.empty()) record_.NotePlanted(inserted, {});
    if (parts_.defense.reviews_tools()) {
      CO_TRY(co_await ReviewTools());
    }
    conversation_.tools = &tools_;
    // A tool that the defense took away shows nothing: that is a payload removed, too.
    trace_.Inserted({}, inserted, Channel::kToolDescription, {}, turn);
    for (const ToolSchema& tool : tools_) {
      trace_.Inserted(tool.description, inserted, Channel::kToolDescription, tool.name, turn);
    }
    co_return Status();
  }

  Async<Status> ReviewTools() {
    std::vector<ToolSchema> kept;
    for (ToolSchema& tool : tools_) {
      CO_TRY_ASSIGN(const Decisions decisions, co_await parts_.defense.ReviewTool(tool));
      record_.NoteDecisions(decisions);
      if (FirstDenial(decisions) != nullptr) continue;
      Apply(decisions, {}, tool.description);
      kept.push_back(std::move(tool));
    }
    tools_ = std::move(kept);
    co_return Status();
  }

  // One user turn: the user (or the attack in its place) speaks, the defense looks, the agent is shown it.
  Async<Status> HearUser() {
    CO_TRY(co_await NoteSuccess());
    if (result_.success_query && parts_.attack.stops_at_success()) {
      transcript_.stop = Stop::kUserStop;
      co_return Status();
    }
    if (conversation_.turn >= limits_.max_turns) {
      transcript_.stop = Stop::kMaxTurns;
      co_return Status();
    }
    UserTurn said;
    if (!parts_.attack.replaces_user()) {
      CO_TRY_ASSIGN(said, co_await parts_.environment.Speak(conversation_, result_.usage[Role::kUser]));
    }
    const bool rewritable = parts_.attack.channel() != Channel::kNone;
    std::string unchanged = rewritable ? said.text : std::string();
    CO_TRY_ASSIGN(Attack::Spoken spoken, co_await parts_.attack.Speak(std::move(said), conversation_));
    result_.usage[Role::kAttacker] += spoken.usage;
    if (spoken.turn.stop) {
      transcript_.stop = Stop::kUserStop;
      co_return Status();
    }
    ++conversation_.turn;
    std::string shown = spoken.turn.text;
    CO_TRY(co_await ScreenUserTurn(shown));
    trace_.Inserted(shown, spoken.inserted, Channel::kUserTurn, {}, conversation_.turn);
    record_.NoteUser(std::move(shown), std::move(spoken.turn.text), std::move(unchanged), !spoken.inserted.empty());
    co_return Status();
  }

  Async<Status> ScreenUserTurn(std::string& shown) {
    CO_TRY_ASSIGN(const Decisions decisions, co_await parts_.defense.ReviewUserTurn(shown, conversation_));
    record_.NoteDecisions(decisions);
    Apply(decisions, "this message was withheld by a defense", shown);
    co_return Status();
  }

  // One agent turn with its calls. True when it made none: then it is the user's turn.
  Async<Expected<bool>> LetAgentAct() {
    if (rug_pull_ != nullptr && rug_pull_->tools_due()) CO_TRY(co_await ShowTools());
    trace_.Met(transcript_.exposure);
    CO_TRY_ASSIGN(AgentTurn turn, co_await parts_.agent.Act(conversation_));
    result_.usage[Role::kAgent] += turn.usage;
    if (turn.no_answer != NoAnswer::kNone) co_return NoteUnanswered(std::move(turn));
    result_.agent_acted = result_.agent_acted || Acts(turn);
    ids_.MakeUnique(turn.calls, transcript_.calls);
    record_.NoteAgent(turn);
    const auto refused = std::ranges::stable_partition(
        turn.calls, [](const ToolCall& call) { return !call.id.starts_with(kRefusedByAgent); });
    for (ToolCall& call : refused) NoteRefused(std::move(call));
    turn.calls.erase(refused.begin(), refused.end());
    // All of a turn is decided before any of it is executed: the agent had seen no result when it asked, and what
    // relays its turn has to let it go as a whole.
    const auto most = static_cast<std::size_t>(limits_.max_calls);
    const std::size_t room = most - std::min(most, transcript_.calls.size());
    std::vector<Decisions> decided(std::min(turn.calls.size(), room));
    for (std::size_t i = 0; i < decided.size(); ++i) {
      CO_TRY_ASSIGN(decided[i], co_await Decide(turn.calls[i]));
    }
    TellDecisions(turn.calls, decided);
    for (std::size_t i = 0; i < decided.size(); ++i) {
      CO_TRY(co_await Execute(std::move(turn.calls[i]), decided[i]));
      if (transcript_.stop != Stop::kNone) co_return false;
    }
    if (decided.size() < turn.calls.size()) {
      transcript_.stop = Stop::kMaxCalls;
      co_return false;
    }
    if (turn.stop && transcript_.stop == Stop::kNone) transcript_.stop = Stop::kAgentStop;
    const bool answered = turn.calls.empty();
    co_return answered;
  }

  // A call that the agent's own policy stopped: nobody else is asked, nothing is executed or shown.
  void NoteRefused(ToolCall call) {
    const Decision decision{.ruling = Ruling::kDeny, .defense = "agent", .reason_code = "own_policy"};
    record_.NoteDecisions({decision});
    std::vector<Effect> effects = parts_.environment.Foresee(call);
    transcript_.calls.push_back({.call = std::move(call),
                                 .turn = conversation_.turn,
                                 .fate = CallFate::kBlocked,
                                 .content = Notice("this call was refused by the agent itself", decision),
                                 .effects = std::move(effects)});
  }

  // Calls that nobody could read, and nothing said: that is no act.
  static bool Acts(const AgentTurn& turn) {
    const auto readable = [](const ToolCall& call) { return call.arguments.is_object(); };
    return turn.calls.empty() || !turn.text.empty() || std::ranges::any_of(turn.calls, readable);
  }

  // A turn that is no answer is kept and counted, and no call of it is executed. True when the dialogue goes on all the
  // same, as if nothing had been said.
  Expected<bool> NoteUnanswered(AgentTurn turn) {
    Step& step = record_.Add(StepKind::kAgent);
    step.shown = turn.text;
    step.reasoning = std::move(turn.reasoning);
    step.calls = std::move(turn.calls);
    if (!limits_.unanswered_resists || StoppedByProvider(turn.no_answer)) {
      return std::unexpected(
          UnansweredError("the agent's reply " + turn.why, fmt::format("agent.{}", NameOf(turn.no_answer))));
    }
    Message& message = conversation_.messages.emplace_back();
    message.speaker = Speaker::kAgent;
    message.text = std::move(turn.text);
    return true;
  }

  void TellDecisions(const std::vector<ToolCall>& calls, const std::vector<Decisions>& decided) {
    auto* hears = decided.empty() ? nullptr : dynamic_cast<HearsDecisions*>(&parts_.agent);
    if (hears == nullptr) return;
    std::vector<bool> denied;
    denied.reserve(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i)
      denied.push_back(i >= decided.size() || FirstDenial(decided[i]) != nullptr);
    hears->Decided(calls, denied);
  }

  Async<Expected<Decisions>> Decide(const ToolCall& call) {
    CO_TRY_ASSIGN(Decisions decisions, co_await parts_.defense.BeforeCall(call, conversation_));
    if (std::ranges::find(decisions, Ruling::kModify, &Decision::ruling) != decisions.end()) {
      co_return InternalError("a defense rewrote a call, which it cannot");
    }
    co_return decisions;
  }

  // One call that was decided: the call itself, and who looks at its result.
  Async<Status> Execute(ToolCall call, const Decisions& before) {
    record_.NoteDecisions(before);  // here, so that a decision stands before the call that it decided
    const Decision* denial = FirstDenial(before);
    const bool blocked = denial != nullptr;
    ToolOutcome outcome;
    if (blocked) {
      outcome = {.content = Notice(kCallDenied, *denial), .error = true, .effects = parts_.environment.Foresee(call)};
    } else if (!call.arguments.is_object()) {
      outcome = {.content = "Error: the arguments are not a JSON object", .error = true, .effects = {}};
    } else {
      CO_TRY_ASSIGN(outcome, co_await parts_.environment.Call(call));
    }
    const CallFate fate = blocked ? CallFate::kBlocked : outcome.error ? CallFate::kFailed : CallFate::kExecuted;
    transcript_.calls.push_back({.call = call,
                                 .turn = conversation_.turn,
                                 .fate = fate,
                                 .content = outcome.content,
                                 .effects = std::move(outcome.effects)});
    std::string inserted;
    bool withheld = blocked;
    if (!blocked) {
      inserted = parts_.attack.PoisonResult(call, outcome);
      const std::string beside_data = outcome.structured.is_null() ? std::string() : outcome.content;
      CO_TRY_ASSIGN(withheld, co_await ScreenResult(call, outcome.content));
      // A defense rewrites text; the data beside it would say what it has just taken out.
      if (!outcome.structured.is_null() && beside_data != outcome.content) outcome.structured = Json();
    }
    ShowResult(call, outcome, inserted, withheld);
    if (fate == CallFate::kFailed) ++tool_errors_;
    if (outcome.ends_dialogue && !blocked) transcript_.stop = Stop::kTransfer;
    if (tool_errors_ >= limits_.max_tool_errors) transcript_.stop = Stop::kToolErrors;
    co_return Status();
  }

  // Whether the result is withheld as a whole.
  Async<Expected<bool>> ScreenResult(const ToolCall& call, std::string& content) {
    CO_TRY_ASSIGN(const Decisions after, co_await parts_.defense.AfterCall(call, content, conversation_));
    record_.NoteDecisions(after);
    Apply(after, kResultWithheld, content);
    co_return FirstDenial(after) != nullptr;
  }

  void ShowResult(const ToolCall& call, ToolOutcome& outcome, const std::string& inserted, bool withheld) {
    const bool record_channel = parts_.attack.channel() == Channel::kRecord;
    trace_.Inserted(outcome.content, inserted, record_channel ? Channel::kRecord : Channel::kToolResult, call.name,
                    conversation_.turn);
    trace_.Returned(transcript_.calls.back().content, outcome.content, call.name, conversation_.turn);
    record_.NoteResult(call, outcome, !inserted.empty(), withheld);
  }

  const EpisodeParts& parts_;
  const EpisodeLimits& limits_;
  EpisodeResult& result_;
  Transcript& transcript_;
  DialogueRecord record_;
  Conversation& conversation_;     // the record's
  const ChangesTools* rug_pull_;   // the attack, where it may be one
  std::vector<ToolSchema> tools_;  // only when the environment's own are not shown as they are
  PayloadTrace trace_;
  CallIds ids_;
  int tool_errors_ = 0;
};

// The dialogue came to no end of its own: a reply was no answer, or somebody failed.
void NoteBrokenOff(Error why, EpisodeResult& result) {
  const bool unanswered = !UnansweredName(why).empty();
  result.transcript.stop = unanswered ? Stop::kUnanswered : Stop::kError;
  (unanswered ? result.unanswered : result.error) = std::move(why);
}

}  // namespace

Async<EpisodeResult> RunEpisode(EpisodeParts parts, EpisodeLimits limits) {
  EpisodeResult result;
  Dialogue dialogue(parts, limits, result);
  Status ended = co_await dialogue.Run();
  // Rejected: the same for a budget that is gone. Such a trial goes on where it stopped when there is a new one.
  const bool broke_off = !ended && ended.error().kind == ErrorKind::kEpisode;
  if (broke_off) NoteBrokenOff(std::exchange(ended, Status()).error(), result);
  // Of a dialogue that broke off only what was done before can be judged: where nothing was, nothing.
  if (ended && (!broke_off || result.agent_acted)) ended = co_await dialogue.Judge();
  SetJudged(std::move(ended), broke_off, result);
  result.usage[Role::kDefense] += parts.defense.usage();
  result.attack_queries = parts.attack.queries();
  co_return result;
}

}  // namespace xsweep
