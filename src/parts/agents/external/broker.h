// ToolBroker: where a foreign agent's calls meet the episode. To the agent it is an MCP server; to the loop it is what
// an agent of ours would be: turns come out, results go in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "episode/roles.h"
#include "mcp/host.h"
#include "net/io_loop.h"

namespace xsweep {

/// How an agent's answer to one prompt ended.
struct AgentEnd {
  enum class How : std::uint8_t {
    kAnswered,  ///< it has said what it has to say; `words` is its answer
    kFailed,    ///< it died, ran out of time, or said itself that it failed; `words` is why
  };
  How how = How::kAnswered;
  std::string words;
  bool stop = false;                ///< it takes no more prompts
  std::vector<ToolCall> refused{};  ///< calls that its own policy stopped
};

/// One trial's. One thread, no locks. Held by shared_ptr: late calls outlive the trial and must be told so.
///
/// What the agent does and when decides nothing about a trial but what it asked: a turn is whatever calls have arrived
/// when the loop asks for one, and parallel calls make one turn or several. Nothing is executed that was not decided.
class ToolBroker final : public ToolHost {
 public:
  explicit ToolBroker(IoLoop& loop) : loop_(loop) {}

  // To the agent.
  /// The tools as attack and defense have left them. Waits until the first turn has come.
  Async<Expected<HostedTools>> List() override;
  /// Waits until the episode has decided and executed the call. Unknown tools go to the environment like any other,
  /// which answers that it does not know them.
  Async<Expected<ToolAnswer>> Call(ToolRequest request) override;
  /// A call that no turn has taken yet is withdrawn; a taken one is executed, and its result goes nowhere.
  void Cancel(std::uint64_t key) override;
  std::string Instructions() const override { return instructions_; }
  /// A rug pull: attack and defense may leave other tools for a later turn. Whoever subscribed is told of it, and
  /// clients of the old era with the answer to the call at hand.
  std::uint64_t list_version() const override { return list_version_; }
  bool changes_list() const override { return true; }
  bool notifies() const override { return true; }

  // To the agent's driver.
  /// Says which tools there are and what the server tells its clients; before the agent starts.
  void Open(std::vector<HostedTool> tools, std::string instructions);
  /// The agent has ended its turn. What it still waits for is answered with an error.
  void End(AgentEnd end);
  /// Who has to know at once that a turn has ended: nobody but the relay, where calls wait for their results.
  void OnEnd(std::function<void(const AgentEnd&)> hear) { hear_end_ = std::move(hear); }
  /// What its model said is heard behind the relay: an agent that itself says nothing has answered all the same.
  void HearElsewhere() { heard_elsewhere_ = true; }
  /// Its episode is over: every call from now on is told so.
  void Close();
  /// The next turn: hands over the results in `conversation`, then waits for calls or an end. Fails with kEpisode when
  /// the agent failed or ended with words of a failure, never asked for its tools, was refused every call by its own
  /// policy, or said nothing at all.
  Async<Expected<AgentTurn>> Next(const Conversation& conversation);

  bool listed() const { return listed_; }
  std::uint64_t calls() const { return taken_count_; }
  std::uint64_t withdrawn() const { return withdrawn_; }

 private:
  struct Pending {
    ToolCall call;
    std::uint64_t key;
    std::function<void(Json)> notify;  ///< for a client of the old era; empty otherwise
    std::optional<ToolAnswer> answer{};
    Wait* waiter = nullptr;
    bool left = false;
  };
  void NoteTools(const std::vector<ToolSchema>& tools);
  void Answer(Pending& pending, ToolAnswer answer);
  void HandOver(const Conversation& conversation);
  AgentTurn TakeCalls();
  Expected<AgentTurn> TakeEnd();
  std::string UniqueId(const std::string& wanted);

  IoLoop& loop_;
  HostedTools tools_;
  std::uint64_t list_version_ = 0;
  std::string instructions_;
  std::vector<Wait*> listeners_;
  Wait* next_ = nullptr;
  std::deque<std::shared_ptr<Pending>> queued_;
  std::vector<std::shared_ptr<Pending>> taken_;
  std::optional<AgentEnd> end_;
  std::function<void(const AgentEnd&)> hear_end_;
  std::set<std::string> ids_;
  std::uint64_t given_ids_ = 0;
  std::uint64_t taken_count_ = 0;
  bool heard_elsewhere_ = false;
  std::uint64_t taken_in_turn_ = 0;  ///< since the last end
  std::uint64_t refused_count_ = 0;
  std::uint64_t withdrawn_ = 0;
  std::size_t handed_over_ = 0;  ///< messages of the conversation that were looked at
  bool listed_ = false;
  bool closed_ = false;
};

}  // namespace xsweep
