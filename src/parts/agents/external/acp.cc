// acp: a command that speaks the Agent Client Protocol (version 1) on its pipes: our server is handed over with the
// session, every user turn is a prompt, and what it asks permission for is answered by the experiment's policy.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <map>
#include <optional>

#include "base/text.h"
#include "mcp/messages.h"
#include "parts/agents/external/external.h"
#include "parts/agents/external/kept.h"
#include "parts/agents/external/settings.h"

namespace xsweep {
namespace {

using How = AgentEnd::How;
constexpr std::size_t kMostLine = std::size_t{16} << 20U;

struct AcpSettings : ProgramSettings {
  std::string permissions = "allow";
};

struct AcpRecipe {
  ProgramRecipe program;
  bool allow = true;
};

/// The longest of `names` that stands in `title` as a word of its own, or behind a server's name: "desk_NAME",
/// "mcp__desk__NAME". Empty without one.
std::string NamedIn(std::string_view title, const std::vector<std::string>& names) {
  const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  std::string longest;
  for (const std::string& name : names) {
    const std::size_t at = title.find(name);
    if (at == std::string_view::npos || name.size() <= longest.size()) continue;
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || !letter(title[at - 1]);
    const bool ends = end == title.size() || (!letter(title[end]) && title[end] != '_');
    if (begins && ends) longest = name;
  }
  return longest;
}

/// What an agent brings itself says so by its kind, whatever its title is; tools of servers are `other`, or just read.
bool BringsItself(const Json& call) {
  constexpr std::array<std::string_view, 5> kKinds = {"execute", "edit", "delete", "move", "fetch"};
  return std::ranges::find(kKinds, call.StringOr("kind", "")) != kKinds.end();
}

class AcpAgent final : public StationedAgent {
 public:
  AcpAgent(Shared<AcpRecipe> recipe, const TrialContext& context, RelayLine* line)
      : recipe_(std::move(recipe)), around_(context.around), environment_(context.environment), line_(line) {}
  ~AcpAgent() override {
    if (deadline_) around_.loop->CancelTimer(*deadline_);
    prompting_.reset();
    flushing_.reset();
    listening_.reset();
    errors_.reset();
    running_.reset();
  }

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    if (station_ == nullptr) CO_TRY(Begin(conversation));
    if (conversation.turn > prompted_) {
      prompted_ = conversation.turn;
      prompting_.emplace(Prompt(station_->PromptOf(conversation)));
      prompting_->Start();
    }
    auto next = station_->broker().Next(conversation);
    co_return co_await next;
  }

 private:
  struct Answer {
    std::optional<Json> message;
    Wait* waiter = nullptr;
  };

  Status Begin(const Conversation& conversation) {
    TRY_ASSIGN(station_, Station::Open(around_, environment_, conversation, recipe_->program.policy, results_kept()));
    for (const ToolSchema& tool : *conversation.tools) tools_.push_back(tool.name);
    auto started = RunningAgent::Start(recipe_->program, *station_, line_, "", true);
    if (!started) return EpisodeError(started.error().message, started.error().where);
    running_ = std::move(*started);
    errors_.emplace(*around_.loop, running_->program().errors(), 65536);
    const auto limit = std::chrono::duration<double>(recipe_->program.timeout);
    deadline_ = around_.loop->CallAt(
        around_.loop->clock().Now() + std::chrono::duration_cast<std::chrono::nanoseconds>(limit), [this] {
          deadline_.reset();
          running_->program().Kill();
          Fail(fmt::format("the agent was not done after {} seconds and was ended", recipe_->program.timeout));
        });
    listening_.emplace(Listen());
    listening_->Start();
    return {};
  }

  void Fail(std::string why) {
    failed_ = true;
    station_->broker().End({How::kFailed, std::move(why), true});
    for (auto& [id, answer] : asked_)
      if (answer.waiter != nullptr) answer.waiter->Wake();
  }

  // One line after the other, until the agent closes its pipe.
  Async<bool> Listen() {
    std::string unread;
    std::vector<char> piece(65536);
    for (;;) {
      const SteadyTime never = around_.loop->clock().Now() + std::chrono::hours(48);
      const auto got = co_await running_->program().pipe().Read(piece.data(), piece.size(), never);
      if (!got && got.error().kind == ErrorKind::kInterrupted) co_return false;
      if (!got || *got == 0) break;
      unread.append(piece.data(), *got);
      for (std::size_t end; (end = unread.find('\n')) != std::string::npos; unread.erase(0, end + 1))
        Hear(std::string_view(unread).substr(0, end));
      if (unread.size() > kMostLine) break;
    }
    std::string last;
    for (const std::string& line : Split(errors_->text(), '\n'))
      if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
    Fail("the agent closed its pipe" + (last.empty() ? "" : ": " + Printable(last, 300)));
    co_return true;
  }

  // A line without a message is what an agent logs to the wrong place.
  void Hear(std::string_view line) {
    for (const Json& message : ReadMessages(line)) Hear(message);
  }
  void Hear(const Json& message) {
    const Json* id = message.Find("id");
    const std::string_view method = message.StringOr("method", "");
    const Json* params = message.Find("params");
    if (const auto answered = AnsweredId(message)) {
      const auto asked = asked_.find(*answered);
      if (asked == asked_.end()) return;
      asked->second.message = message;
      if (asked->second.waiter != nullptr) asked->second.waiter->Wake();
    } else if (method == "session/update" && params != nullptr) {
      if (const Json* update = params->Find("update")) HearUpdate(*update);
    } else if (method == "session/request_permission" && id != nullptr && params != nullptr) {
      AnswerPermission(*id, *params);
    } else if (id != nullptr) {
      Json error = Json::MakeObject({{"code", -32601}, {"message", "not offered to agents"}});
      Say(Json::MakeObject({{"jsonrpc", "2.0"}, {"id", *id}, {"error", std::move(error)}}));
    }
  }

  // Its answer is what it says after its last call.
  void HearUpdate(const Json& update) {
    const std::string_view kind = update.StringOr("sessionUpdate", "");
    if (kind == "tool_call") words_.clear();
    const Json* content = update.Find("content");
    if (kind == "agent_message_chunk" && content != nullptr) words_ += content->StringOr("text", "");
  }

  // Ours are allowed or refused as the config says; tools that nobody mediates are refused.
  void AnswerPermission(const Json& id, const Json& params) {
    const Json* call = params.Find("toolCall");
    const bool own = call == nullptr || BringsItself(*call);
    const std::string ours = own ? std::string() : NamedIn(call->StringOr("title", ""), tools_);
    const bool allow = recipe_->allow && !ours.empty();
    const Json* options = params.Find("options");
    std::string chosen;
    for (const Json& option : options == nullptr ? std::vector<Json>() : options->items()) {
      const std::string_view kind = option.StringOr("kind", "");
      const bool fits = kind.starts_with(allow ? "allow" : "reject");
      if (fits && (chosen.empty() || kind.ends_with("once"))) chosen = option.StringOr("optionId", "");
    }
    Json outcome = chosen.empty() ? Json::MakeObject({{"outcome", "cancelled"}})
                                  : Json::MakeObject({{"outcome", "selected"}, {"optionId", chosen}});
    Json result = Json::MakeObject({{"outcome", std::move(outcome)}});
    Say(Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}}));
    if (allow || ours.empty()) return;
    const Json* input = call->Find("rawInput");
    refused_.push_back({.id = std::string(call->StringOr("toolCallId", "")),
                        .name = ours,
                        .arguments = input != nullptr && input->is_object() ? *input : Json::MakeObject()});
  }

  void Say(const Json& message) {
    out_ += message.Dump() + "\n";
    if (flushing_ && !flushing_->done()) return;
    flushing_.emplace(Flush());
    flushing_->Start();
  }

  Async<bool> Flush() {
    while (!out_.empty()) {
      const std::string bytes = std::exchange(out_, {});
      const SteadyTime deadline = around_.loop->clock().Now() + std::chrono::seconds(60);
      const Status sent = co_await running_->program().pipe().Write(bytes, deadline);
      if (!sent) co_return false;
    }
    co_return true;
  }

  /// The result of a request; fails with kEpisode when the agent answers with an error or has gone.
  Async<Expected<Json>> Ask(std::string method, Json params) {
    const std::int64_t id = ++ids_;
    Answer& answer = asked_[id];
    Say(Json::MakeObject({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}}));
    Wait wait(*around_.loop);
    answer.waiter = &wait;
    Status woken;
    if (!answer.message && !failed_) woken = co_await wait;
    const auto message = std::move(answer.message);
    asked_.erase(id);
    CO_TRY(woken);
    if (!message) co_return EpisodeError("the agent is gone", "agent");
    if (const Json* error = message->Find("error"))
      co_return EpisodeError(
          fmt::format("the agent answered {} with an error: {}", method, Printable(error->Dump(), 300)), "agent");
    const Json* result = message->Find("result");
    co_return result == nullptr ? Json() : *result;
  }

  Async<Status> OpenSession() {
    auto hello =
        Ask("initialize", Json::MakeObject({{"protocolVersion", 1}, {"clientCapabilities", Json::MakeObject()}}));
    CO_TRY_ASSIGN(const Json initialized, co_await hello);
    const Json* capabilities = initialized.Find("agentCapabilities");
    const Json* mcp = capabilities == nullptr ? nullptr : capabilities->Find("mcpCapabilities");
    const bool http = mcp != nullptr && mcp->BoolOr("http", false);
    const Placeholders values{.mcp_url = station_->url(), .prompt = {}, .dir = {}, .model = {}, .model_base = {}};
    CO_TRY_ASSIGN(const auto pipe, FillInCommand({"{mcp_command}"}, values));
    const Json none = Json::MakeArray();
    const Json server =
        http ? Json::MakeObject({{"type", "http"}, {"name", "desk"}, {"url", station_->url()}, {"headers", none}})
             : Json::MakeObject({{"name", "desk"},
                                 {"command", pipe[0]},
                                 {"args", Json::MakeArray({Json(pipe[1]), Json(pipe[2])})},
                                 {"env", none}});
    auto opening = Ask("session/new", Json::MakeObject({{"cwd", (running_->directory().path() / "work").string()},
                                                        {"mcpServers", Json::MakeArray({server})}}));
    CO_TRY_ASSIGN(const Json opened, co_await opening);
    session_ = opened.StringOr("sessionId", "");
    co_return Status();
  }

  Async<bool> Prompt(std::string text) {
    if (session_.empty()) {
      auto opening = OpenSession();
      const Status opened = co_await opening;
      if (!opened && opened.error().kind == ErrorKind::kInterrupted) co_return false;
      if (!opened) Fail(opened.error().message);
      if (!opened) co_return false;
    }
    words_.clear();
    Json part = Json::MakeObject({{"type", "text"}, {"text", std::move(text)}});
    auto asking = Ask("session/prompt",
                      Json::MakeObject({{"sessionId", session_}, {"prompt", Json::MakeArray({std::move(part)})}}));
    const auto result = co_await asking;
    if (!result && result.error().kind == ErrorKind::kInterrupted) co_return false;
    if (!result) {
      Fail(result.error().message);
      co_return false;
    }
    const std::string reason(result->StringOr("stopReason", ""));
    // Cut off, refused by the provider of its model, or a word that nobody knows: no decision of the agent.
    if (!reason.empty() && reason != "end_turn") {
      Fail("the agent's turn was cut off: " + Printable(reason, 60));
      co_return false;
    }
    station_->broker().End({How::kAnswered, std::exchange(words_, {}), false, std::exchange(refused_, {})});
    co_return true;
  }

  const Shared<AcpRecipe> recipe_;
  const Surroundings around_;
  const Environment& environment_;
  RelayLine* const line_;
  std::unique_ptr<Station> station_;
  std::unique_ptr<RunningAgent> running_;
  std::optional<OutputReader> errors_;
  std::optional<IoLoop::TimerId> deadline_;
  std::optional<Async<bool>> listening_, flushing_, prompting_;
  std::vector<std::string> tools_;
  std::map<std::int64_t, Answer> asked_;
  std::int64_t ids_ = 0;
  std::string out_, words_, session_;
  std::vector<ToolCall> refused_;
  int prompted_ = 0;
  bool failed_ = false;
};

const Options<AcpSettings>& AcpOptions() {
  static const Options<AcpSettings> options(
      ProgramOptions(),
      {Opt("permissions", &AcpSettings::permissions,
           "What is answered when it asks whether it may call one of our tools; refused calls count as blocked by the "
           "agent. Its own tools are always refused.",
           {.choices = {"allow", "refuse"}})});
  return options;
}

Expected<PartFactory<Agent>> PrepareAcp(const AcpSettings& settings) {
  TRY_ASSIGN(auto program, ReadRecipe(settings, false));
  const auto recipe = std::make_shared<const AcpRecipe>(AcpRecipe{std::move(program), settings.permissions == "allow"});
  return [recipe](const TrialContext& context) {
    return RelayTurns(recipe->program.relay, context,
                      [recipe, context](RelayLine* line) { return std::make_unique<AcpAgent>(recipe, context, line); });
  };
}

}  // namespace

AgentEntry AcpAgentEntry() {
  return AgentEntry::Of(
      {.name = "acp", .summary = "Your agent as a command that speaks the Agent Client Protocol: several user turns."},
      AcpOptions(), PrepareAcp);
}

}  // namespace xsweep
