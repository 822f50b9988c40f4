// Launch: placeholders, directories and environments of foreign agents.
// SPDX-License-Identifier: Apache-2.0
#include "parts/agents/external/launch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "net/program.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

std::string OwnProgram() {
  std::error_code unknown;
  const fs::path path = fs::read_symlink("/proc/self/exe", unknown);
  return unknown ? "xsweep" : path.string();
}

std::optional<std::string> ValueOf(std::string_view name, const Placeholders& values) {
  if (name == "mcp_url") return values.mcp_url;
  if (name == "mcp_json") return values.dir + "/mcp.json";
  if (name == "mcp_command") return fmt::format("{} mcp-pipe {}", OwnProgram(), values.mcp_url);
  if (name == "mcp_program") return OwnProgram();
  if (name == "prompt") return values.prompt;
  if (name == "dir") return values.dir;
  if (name == "model") return values.model;
  if (name == "model_base") return values.model_base;
  return std::nullopt;
}

bool PlainWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

/// Whether a line or word is kept; its marks are taken off.
bool Kept(std::string_view& text, const Placeholders& values) {
  for (const auto& [mark, value] :
       {std::pair<std::string_view, const std::string&>{"model_base}", values.model_base}, {"model}", values.model}}) {
    for (const bool wanted : {true, false}) {
      const std::string whole = fmt::format("{{{}{}", wanted ? '?' : '!', mark);
      if (!text.starts_with(whole)) continue;
      text.remove_prefix(whole.size());
      return value.empty() != wanted && Kept(text, values);
    }
  }
  return true;
}

/// Ends the marked processes that killed runs of xsweep have left; their directories go with the first new one.
void EndOrphans() {
  static std::once_flag once;
  std::call_once(once, [] { KillOrphans(kTrialMark); });
}

/// Behind a relay the agent has our address and a key that means nothing elsewhere, under every name that agents look
/// for; what was passed under those names stays with us.
void PutRelay(const Placeholders& values, std::vector<std::pair<std::string, std::string>>& environment) {
  const std::pair<std::string_view, std::string> wanted[] = {{"OPENAI_BASE_URL", values.model_base + "/v1"},
                                                             {"ANTHROPIC_BASE_URL", values.model_base},
                                                             {"OPENAI_API_KEY", values.relay_key},
                                                             {"ANTHROPIC_API_KEY", values.relay_key},
                                                             {"CODEX_API_KEY", values.relay_key}};
  std::erase_if(environment, [&](const auto& entry) {
    return entry.first.ends_with("_API_KEY") || entry.first.ends_with("_TOKEN") || entry.first.ends_with("_BASE_URL");
  });
  for (const auto& [name, value] : wanted) environment.emplace_back(name, value);
}

const char* Ours(const std::string& name) { return std::getenv(name.c_str()); }  // NOLINT(concurrency-mt-unsafe)

}  // namespace

Expected<std::string> FillIn(std::string_view text, const Placeholders& values) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at);
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    out.append(text.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) break;
    const std::string_view name = close == std::string_view::npos ? "" : text.substr(open + 1, close - open - 1);
    if (!PlainWord(name)) {
      out += '{';
      at = open + 1;
      continue;
    }
    const auto value = ValueOf(name, values);
    if (!value)
      return UserError(fmt::format("there is no placeholder {{{}}}; there are {{mcp_url}}, {{mcp_json}}, "
                                   "{{mcp_command}}, {{prompt}}, {{dir}}, {{model}}, {{model_base}}",
                                   name),
                       "agent");
    out += *value;
    at = close + 1;
  }
  return out;
}

Expected<std::vector<std::string>> FillInCommand(const std::vector<std::string>& command, const Placeholders& values) {
  std::vector<std::string> words;
  for (const std::string& word : command) {
    std::string_view text = word;
    if (!Kept(text, values)) continue;
    if (text == "{mcp_command}") {
      words.insert(words.end(), {OwnProgram(), "mcp-pipe", values.mcp_url});
      continue;
    }
    TRY_ASSIGN(std::string filled, FillIn(text, values));
    words.push_back(std::move(filled));
  }
  return words;
}

std::string McpJson(const std::string& url) {
  return Json::MakeObject(
             {{"mcpServers", Json::MakeObject({{"desk", Json::MakeObject({{"type", "http"}, {"url", url}})}})}})
      .DumpPretty();
}

Expected<TrialDirectory> TrialDirectory::Make(const std::string& token) {
  EndOrphans();
  TRY_ASSIGN(ScratchDirectory scratch, ScratchDirectory::Make(token));
  for (const char* name : {"home", "work", "tmp"}) {
    std::error_code failed;
    const fs::path path = scratch.path() / name;
    fs::create_directory(path, failed);
    if (failed) return WorldError("cannot make a directory for an agent: " + failed.message(), path.string());
  }
  return TrialDirectory(std::move(scratch));
}

Status TrialDirectory::Write(const PresetFile& file, const Placeholders& values) const {
  std::string kept;
  for (const std::string& line : Split(file.text, '\n')) {
    std::string_view text = line;
    if (Kept(text, values)) kept.append(text).append("\n");
  }
  TRY_ASSIGN(const std::string text, FillIn(kept, values));
  const fs::path path = scratch_.path() / file.path;
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return WorldError("cannot write a file for an agent", path.string());
  return {};
}

Expected<std::vector<std::pair<std::string, std::string>>> AgentEnvironment(const std::vector<std::string>& passed,
                                                                            const std::vector<std::string>& set,
                                                                            const Placeholders& values,
                                                                            const std::string& mark) {
  std::vector<std::pair<std::string, std::string>> environment;
  const auto put = [&](std::string name, std::string value) {
    std::erase_if(environment, [&](const auto& entry) { return entry.first == name; });
    environment.emplace_back(std::move(name), std::move(value));
  };
  put("PATH", "/usr/local/bin:/usr/bin:/bin");
  for (const char* name : {"PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"})
    if (const char* value = Ours(name)) put(name, value);
  put("HOME", values.dir + "/home");
  put("TMPDIR", values.dir + "/tmp");
  put("TERM", "dumb");
  put("NO_COLOR", "1");
  put(std::string(kTrialMark), mark);
  put("XSWEEP_MCP_URL", values.mcp_url);
  put("XSWEEP_PROMPT", values.prompt);
  for (const std::string& name : passed)
    if (const char* value = Ours(name)) put(name, value);
  if (!values.relay_key.empty()) PutRelay(values, environment);
  for (const std::string& entry : set) {
    std::string_view text = entry;
    if (!Kept(text, values)) continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return UserError(fmt::format("`{}` is no NAME=VALUE", entry), "agent.set");
    TRY_ASSIGN(std::string value, FillIn(text.substr(equals + 1), values));
    put(std::string(text.substr(0, equals)), std::move(value));
  }
  return environment;
}

std::string MarkOf(const std::string& token) { return fmt::format("{}:{}", ::getpid(), token); }

}  // namespace xsweep
