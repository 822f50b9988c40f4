// ProgramSettings: options, recipes, and starting what they describe.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 4> kAnswers = {"stdout", "claude_json", "codex_jsonl", "opencode_jsonl"};

bool Mentions(const AgentPreset& preset, std::string_view what) {
  const auto in = [&](const std::string& text) { return text.find(what) != std::string::npos; };
  return std::ranges::any_of(preset.command, in) || std::ranges::any_of(preset.set, in) ||
         std::ranges::any_of(preset.files, [&](const PresetFile& file) { return in(file.text); });
}

}  // namespace

const Options<ProgramSettings>& ProgramOptions() {
  static const Options<ProgramSettings> options(
      RelayOptions(),
      {
          Opt("command", &ProgramSettings::command,
              "The program and its arguments, without a shell; {mcp_url}, {mcp_json}, {mcp_command}, {prompt}, {dir}, "
              "{model} and {model_base} are filled in. XSWEEP_MCP_URL and XSWEEP_PROMPT are in its environment too."),
          Opt("preset", &ProgramSettings::preset, "How a known agent is started; `command` and others change it.",
              {.choices = AgentPresetNames()}),
          Opt("timeout", &ProgramSettings::timeout, "Seconds after which a trial's agent is ended, an error.",
              {.minimum = 1, .maximum = 86400}),
          Opt("wrap", &ProgramSettings::wrap,
              "Words before the command: your sandbox, e.g. [bwrap, --unshare-pid, ...]."),
          Opt("model", &ProgramSettings::model, "The model's name, where command or files ask for {model}."),
          Opt("model_base", &ProgramSettings::model_base,
              "Where the agent's model is, without /v1; empty: its provider's own address."),
          Opt("set", &ProgramSettings::set, "Variables of its environment, NAME=VALUE; never put keys here."),
          Opt("pass", &ProgramSettings::pass, "Names of variables that it gets from our environment: keys."),
          Opt("files", &ProgramSettings::files,
              "Files that it finds, path: text; paths begin with home/ or work/ (where it runs).",
              {.type = OptionType::kMapping}),
          Opt("answer", &ProgramSettings::answer, "Where its answer is.",
              {.choices = {"stdout", "claude_json", "codex_jsonl", "opencode_jsonl"}}),
          Opt("policy", &ProgramSettings::policy,
              "Where the environment's policy goes: before the user's first words, or into the server's instructions, "
              "which only some agents show their model.",
              {.choices = {"prompt", "instructions"}}),
      });
  return options;
}

Expected<ProgramRecipe> ReadRecipe(const ProgramSettings& settings, bool gives_url) {
  ProgramRecipe recipe;
  if (settings.preset) {
    const AgentPreset* preset = FindAgentPreset(*settings.preset);
    if (preset == nullptr)
      return UserError(fmt::format("unknown preset `{}`{}", *settings.preset,
                                   DidYouMean(*settings.preset, AgentPresetNames(), "there are")),
                       "agent.preset");
    recipe.preset = *preset;
  }
  if (!settings.command.empty()) recipe.preset.command = settings.command;
  if (recipe.preset.command.empty())
    return UserError("needs a `command` or a `preset`: how is your agent started?", "agent.command");
  for (const auto& [path, text] : settings.files.members()) {
    const bool below = (path.starts_with("home/") || path.starts_with("work/")) && path.find("..") == std::string::npos;
    if (!below || !text.is_string())
      return UserError("is no text at a path that begins with home/ or work/", "agent.files." + path);
    std::erase_if(recipe.preset.files, [&](const PresetFile& file) { return file.path == path; });
    recipe.preset.files.push_back({path, text.AsString()});
  }
  for (const std::string& one : settings.set) recipe.preset.set.push_back(one);
  for (const std::string& one : settings.pass) recipe.preset.passed.push_back(one);
  if (!settings.preset || settings.answer != "stdout")
    recipe.preset.answer = static_cast<AnswerIn>(std::ranges::find(kAnswers, settings.answer) - kAnswers.begin());
  recipe.wrap = settings.wrap;
  recipe.timeout = settings.timeout;
  recipe.model = settings.model;
  TRY_ASSIGN(RelayRecipe relay, ReadRelay(settings));
  if (relay.to == RelayTo::kShim && recipe.model.empty()) recipe.model = "shim";
  recipe.relay = std::make_shared<const RelayRecipe>(std::move(relay));
  recipe.model_base = settings.model_base;
  recipe.policy = settings.policy == "prompt" ? PolicyIn::kPrompt : PolicyIn::kInstructions;
  const bool told = Mentions(recipe.preset, "{mcp_") || Mentions(recipe.preset, "XSWEEP_MCP_URL") ||
                    !settings.preset;  // a program of one's own may read XSWEEP_MCP_URL
  if (gives_url && !told) return UserError("never says {mcp_url}, {mcp_json} or {mcp_command}", "agent.command");
  if (recipe.relay->to != RelayTo::kNone && !recipe.model_base.empty())
    return UserError("says where the model is, and so does `relay`: write the address into `relay_to`",
                     "agent.model_base");
  const Placeholders tried{"http://127.0.0.1:1/t/0/mcp", "prompt", "/tmp", recipe.model, recipe.model_base};
  TRY(FillInCommand(recipe.preset.command, tried));
  TRY(AgentEnvironment(recipe.preset.passed, recipe.preset.set, tried, "0"));
  return recipe;
}

Expected<std::unique_ptr<RunningAgent>> RunningAgent::Start(const ProgramRecipe& recipe, Station& station,
                                                            RelayLine* line, const std::string& prompt, bool talks) {
  TRY_ASSIGN(TrialDirectory directory, TrialDirectory::Make(station.token()));
  Placeholders values{station.url(), prompt, directory.path().string(), recipe.model, recipe.model_base};
  if (line != nullptr) {
    values.model_base = line->base();
    values.relay_key = line->key();
    line->Seat(station.shared_broker(), {directory.path().string(), station.token()});
  }
  TRY(directory.Write({"mcp.json", McpJson(station.url())}, {}));
  for (const PresetFile& file : recipe.preset.files) TRY(directory.Write(file, values));
  ProgramRequest request;
  request.directory = (directory.path() / "work").string();
  request.talks = talks;
  const std::string mark = MarkOf(station.token());
  TRY_ASSIGN(request.environment, AgentEnvironment(recipe.preset.passed, recipe.preset.set, values, mark));
  TRY_ASSIGN(request.args, FillInCommand(recipe.wrap, values));
  TRY_ASSIGN(const auto command, FillInCommand(recipe.preset.command, values));
  request.args.insert(request.args.end(), command.begin(), command.end());
  std::unique_ptr<RunningAgent> agent(new RunningAgent(std::move(directory), mark));
  TRY_ASSIGN(agent->program_, Program::Start(station.loop(), request));
  return agent;
}

RunningAgent::~RunningAgent() {
  program_.reset();
  KillMarked(kTrialMark, mark_);  // what left the group
}

OutputReader::OutputReader(IoLoop& loop, Socket& socket, std::size_t limit)
    : loop_(loop), socket_(socket), half_(limit / 2), reading_(Read()) {
  reading_.Start();
}

Async<bool> OutputReader::Read() {
  for (;;) {
    const SteadyTime never = loop_.clock().Now() + std::chrono::hours(48);
    const auto got = co_await socket_.Read(piece_.data(), piece_.size(), never);
    if (!got || *got == 0) co_return true;
    Take({piece_.data(), *got});
  }
}

Async<bool> OutputReader::Drain() {
  // The reader is woken by what is there already; it needs a round of the loop or two to take it.
  for (int rounds = 0; rounds < 50 && !reading_.done(); ++rounds) {
    const std::size_t before = head_.size() + tail_.size() + dropped_;
    const Status slept = co_await loop_.Sleep(std::chrono::milliseconds(2));
    if (!slept || (rounds > 0 && before == head_.size() + tail_.size() + dropped_)) break;
  }
  co_return true;
}

void OutputReader::Take(std::string_view bytes) {
  const std::size_t room = std::min(bytes.size(), half_ - std::min(half_, head_.size()));
  head_.append(bytes.substr(0, room));
  tail_.append(bytes.substr(room));
  if (tail_.size() <= 2 * half_) return;
  dropped_ += tail_.size() - half_;
  tail_.erase(0, tail_.size() - half_);
}

std::string OutputReader::text() const { return head_ + tail_; }

}  // namespace xsweep
