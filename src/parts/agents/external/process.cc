// process: a command, started for each trial, that has one prompt to answer.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "parts/agents/external/answers.h"
#include "parts/agents/external/external.h"
#include "parts/agents/external/kept.h"
#include "parts/agents/external/settings.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostOutput = std::size_t{8} << 20U;

class ProcessAgent final : public StationedAgent {
 public:
  ProcessAgent(Shared<ProgramRecipe> recipe, const TrialContext& context, RelayLine* line)
      : recipe_(std::move(recipe)), around_(context.around), environment_(context.environment), line_(line) {}
  ~ProcessAgent() override {
    watching_.reset();  // before what it waits for
    errors_.reset();
    output_.reset();
    running_.reset();
  }

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    if (station_ == nullptr) {
      CO_TRY_ASSIGN(station_, Station::Open(around_, environment_, conversation, recipe_->policy, results_kept()));
      const std::string prompt = station_->PromptOf(conversation);
      auto started = RunningAgent::Start(*recipe_, *station_, line_, prompt, false);
      if (!started) co_return EpisodeError(started.error().message, started.error().where);
      running_ = std::move(*started);
      output_.emplace(*around_.loop, running_->program().pipe(), kMostOutput);
      errors_.emplace(*around_.loop, running_->program().errors(), 65536);
      watching_.emplace(Watch());
      watching_->Start();
    }
    auto next = station_->broker().Next(conversation);
    co_return co_await next;
  }

 private:
  Async<bool> Watch() {
    const auto limit = std::chrono::duration<double>(recipe_->timeout);
    const SteadyTime deadline =
        around_.loop->clock().Now() + std::chrono::duration_cast<std::chrono::nanoseconds>(limit);
    Program& program = running_->program();
    const auto code = co_await program.Ended(deadline);
    if (!code && code.error().kind == ErrorKind::kInterrupted) co_return false;
    program.Kill();  // the group: wrappers leave their children behind
    co_await output_->Drain();
    if (!code) {
      station_->broker().End({AgentEnd::How::kFailed,
                              fmt::format("the agent was not done after {} seconds and was ended", recipe_->timeout)});
      co_return false;
    }
    const std::string output = output_->text();
    const std::string errors = errors_->text();
    station_->broker().End(ReadAnswer(recipe_->preset.answer, output, *code, errors));
    co_return true;
  }

  const Shared<ProgramRecipe> recipe_;
  const Surroundings around_;
  const Environment& environment_;
  RelayLine* const line_;
  std::unique_ptr<Station> station_;
  std::unique_ptr<RunningAgent> running_;
  std::optional<OutputReader> output_, errors_;
  std::optional<Async<bool>> watching_;
};

Expected<PartFactory<Agent>> PrepareProcess(const ProgramSettings& settings) {
  TRY_ASSIGN(auto read, ReadRecipe(settings, true));
  const auto recipe = std::make_shared<const ProgramRecipe>(std::move(read));
  return [recipe](const TrialContext& context) {
    return RelayTurns(recipe->relay, context, [recipe, context](RelayLine* line) {
      return std::make_unique<ProcessAgent>(recipe, context, line);
    });
  };
}

}  // namespace

AgentEntry ProcessAgentEntry() {
  return AgentEntry::Of(
      {.name = "process", .summary = "Your agent as a command, started for each trial and given our tools over MCP."},
      ProgramOptions(), PrepareProcess);
}

}  // namespace xsweep
