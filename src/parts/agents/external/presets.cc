// Presets: one row an agent. Each was tried with the version that its docs page names.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/presets.h"

#include <algorithm>

#include "base/json.h"

namespace xsweep {
namespace {

// Its own tools and extensions off, our server required and approved: without the approval it refuses every tool that
// may destroy, and exits 0.
constexpr std::string_view kCodexConfig = R"({?model}model = "{model}"
{?model_base}model_provider = "x"
web_search = "disabled"
check_for_update_on_startup = false
approval_policy = "never"
sandbox_mode = "read-only"
{?model_base}[model_providers.x]
{?model_base}name = "x"
{?model_base}base_url = "{model_base}/v1"
{?model_base}env_key = "OPENAI_API_KEY"
{?model_base}wire_api = "responses"
{?model_base}request_max_retries = 2
{?model_base}stream_max_retries = 2
[mcp_servers.desk]
url = "{mcp_url}"
required = true
default_tools_approval_mode = "approve"
startup_timeout_sec = 60
tool_timeout_sec = 600
[analytics]
enabled = false
[feedback]
enabled = false
[agents]
enabled = false
[features]
shell_tool = false
unified_exec = false
apps = false
plugins = false
image_generation = false
view_image = false
browser_use = false
computer_use = false
goals = false
hooks = false
memories = false
)";

constexpr std::string_view kOpencodeConfig = R"({
  "$schema": "https://opencode.ai/config.json",
  "autoupdate": false, "share": "disabled",
{?model}{!model_base}  "model": "{model}", "small_model": "{model}",
{?model_base}  "model": "x/{model}", "small_model": "x/{model}",
{?model_base}  "provider": {"x": {"npm": "@ai-sdk/openai-compatible", "name": "x",
{?model_base}    "options": {"baseURL": "{model_base}/v1", "apiKey": "{env:OPENAI_API_KEY}"}, "models": {"{model}": {"name": "{model}"}}}},
  "permission": {"*": "deny", "desk_*": "allow"},
  "mcp": {"desk": {"type": "remote", "url": "{mcp_url}", "enabled": true, "oauth": false, "timeout": 600000}}
}
)";

constexpr std::string_view kOpenAiAgents = R"(import asyncio, os
from agents import Agent, Runner, OpenAIChatCompletionsModel, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI

async def main():
    set_tracing_disabled(True)
    model = OpenAIChatCompletionsModel(model="{model}", openai_client=AsyncOpenAI())
    params = {"url": os.environ["XSWEEP_MCP_URL"], "timeout": 600}
    async with MCPServerStreamableHttp(params=params, name="desk", client_session_timeout_seconds=600) as desk:
        agent = Agent(name="agent", instructions="Help the user with the tools you have.", model=model, mcp_servers=[desk])
        result = await Runner.run(agent, os.environ["XSWEEP_PROMPT"], max_turns=100)
        print(result.final_output)

asyncio.run(main())
)";

constexpr std::string_view kLangGraph = R"(import asyncio, os
from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_openai import ChatOpenAI

async def main():
    servers = {"desk": {"transport": "streamable_http", "url": os.environ["XSWEEP_MCP_URL"]}}
    tools = await MultiServerMCPClient(servers).get_tools()
    agent = create_agent(ChatOpenAI(model="{model}"), tools)
    result = await agent.ainvoke({"messages": [("user", os.environ["XSWEEP_PROMPT"])]}, {"recursion_limit": 200})
    print(result["messages"][-1].content)

asyncio.run(main())
)";

std::vector<AgentPreset> MakePresets() {
  std::vector<AgentPreset> presets;
  presets.push_back(
      {.name = "claude-code",
       .summary = "Claude Code in print mode, its own tools, settings and telemetry off.",
       .command = {"claude", "-p", "{prompt}", "{?model}--model={model}", "--output-format", "json", "--mcp-config",
                   "{mcp_json}", "--strict-mcp-config", "--tools", "", "--allowedTools", "mcp__desk",
                   "--setting-sources", "", "--no-session-persistence", "--disable-slash-commands"},
       .set = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1",
               "DISABLE_AUTOUPDATER=1", "ENABLE_TOOL_SEARCH=false", "{?model_base}ANTHROPIC_BASE_URL={model_base}"},
       .passed = {"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_MAX_RETRIES"},
       .answer = AnswerIn::kClaudeJson,
       .version_command = {"claude", "--version"}});
  presets.push_back({.name = "codex",
                     .summary = "Codex CLI without a shell, the web, or a person to approve.",
                     .command = {"codex", "exec", "--json", "--ephemeral", "--skip-git-repo-check", "{prompt}"},
                     .files = {{"home/.codex/config.toml", std::string(kCodexConfig)}},
                     .passed = {"OPENAI_API_KEY", "CODEX_API_KEY"},
                     .answer = AnswerIn::kCodexJsonl,
                     .unmediated = "list_mcp_resources, list_mcp_resource_templates, read_mcp_resource, "
                                   "request_user_input",
                     .version_command = {"codex", "--version"}});
  presets.push_back({.name = "opencode",
                     .summary = "OpenCode with its own tools denied.",
                     .command = {"opencode", "run", "--format", "json", "--title", "trial", "{prompt}"},
                     .files = {{"work/opencode.json", std::string(kOpencodeConfig)}},
                     .set = {"OPENCODE_DISABLE_MODELS_FETCH=1", "OPENCODE_DISABLE_AUTOUPDATE=1",
                             "OPENCODE_DISABLE_LSP_DOWNLOAD=1", "OPENCODE_DISABLE_DEFAULT_PLUGINS=1"},
                     .passed = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"},
                     .answer = AnswerIn::kOpencodeJsonl,
                     .version_command = {"opencode", "--version"}});
  presets.push_back({.name = "openai-agents",
                     .summary = "A small agent on the OpenAI Agents SDK for Python.",
                     .command = {"python3", "{dir}/work/agent.py"},
                     .files = {{"work/agent.py", std::string(kOpenAiAgents)}},
                     .set = {"OPENAI_AGENTS_DISABLE_TRACING=1", "{?model_base}OPENAI_BASE_URL={model_base}/v1"},
                     .passed = {"OPENAI_API_KEY", "OPENAI_BASE_URL"},
                     .version_command = {"python3", "-c", "import agents.version as v; print(v.__version__)"}});
  presets.push_back(
      {.name = "langgraph",
       .summary = "A small agent on LangGraph with langchain-mcp-adapters.",
       .command = {"python3", "{dir}/work/agent.py"},
       .files = {{"work/agent.py", std::string(kLangGraph)}},
       .set = {"LANGSMITH_TRACING=false", "{?model_base}OPENAI_BASE_URL={model_base}/v1"},
       .passed = {"OPENAI_API_KEY", "OPENAI_BASE_URL"},
       .version_command = {"python3", "-c", "import importlib.metadata as m; print(m.version('langgraph'))"}});
  return presets;
}

std::string Quoted(const std::string& text) {
  std::string out;
  AppendJsonString(text, out);  // a JSON string is a YAML string
  return out;
}

std::string ListOf(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + Quoted(word);
  return "[" + out + "]";
}

}  // namespace

const std::vector<AgentPreset>& AgentPresets() {
  static const std::vector<AgentPreset> presets = MakePresets();
  return presets;
}

const AgentPreset* FindAgentPreset(std::string_view name) {
  const auto found = std::ranges::find(AgentPresets(), name, &AgentPreset::name);
  return found == AgentPresets().end() ? nullptr : &*found;
}

std::vector<std::string> AgentPresetNames() {
  std::vector<std::string> names;
  for (const AgentPreset& preset : AgentPresets()) names.push_back(preset.name);
  return names;
}

std::string PresetAsYaml(const AgentPreset& preset) {
  std::string out = "# " + preset.summary + "\nagent:\n  name: process\n  command: " + ListOf(preset.command) + "\n";
  if (!preset.files.empty()) out += "  files:\n";
  for (const PresetFile& file : preset.files) out += "    " + file.path + ": " + Quoted(file.text) + "\n";
  if (!preset.set.empty()) out += "  set: " + ListOf(preset.set) + "\n";
  if (!preset.passed.empty()) out += "  pass: " + ListOf(preset.passed) + "\n";
  constexpr std::string_view kAnswers[] = {"stdout", "claude_json", "codex_jsonl", "opencode_jsonl"};
  out += "  answer: " + std::string(kAnswers[static_cast<std::size_t>(preset.answer)]) + "\n";
  if (!preset.unmediated.empty()) out += "  # stays on beside our tools: " + preset.unmediated + "\n";
  return out;
}

}  // namespace xsweep
