// Servers: foreign MCP servers as one set of tools.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"

namespace xsweep {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Expected<Pairs> ReadPairs(const Json& server, std::string_view key, const std::string& where) {
  Pairs pairs;
  const Json* given = server.Find(key);
  if (given == nullptr) return pairs;
  if (!given->is_object()) return UserError(fmt::format("`{}` must be a mapping of names to texts", key), where);
  for (const auto& [name, value] : given->members()) {
    pairs.emplace_back(name, value.is_string() ? value.AsString() : value.Dump());
  }
  return pairs;
}

Expected<ServerSpec> ReadServer(const std::string& name, const Json& given) {
  const std::string where = "environment.servers." + name;
  if (!given.is_object()) return UserError("a server is {command: [...]} or {url: ...}", where);
  static const std::vector<std::string> kKeys = {"command", "url", "env", "headers", "directory", "prefix"};
  for (const auto& [key, value] : given.members()) {
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      return UserError(fmt::format("unknown key `{}`{}", Printable(key), DidYouMean(key, kKeys, "it takes")), where);
    }
  }
  ServerSpec spec;
  spec.name = name;
  spec.url = given.StringOr("url", "");
  spec.directory = given.StringOr("directory", "");
  spec.prefix = given.BoolOr("prefix", false);
  if (const Json* command = given.Find("command"); command != nullptr && command->is_array()) {
    for (const Json& word : command->items()) spec.command.push_back(word.is_string() ? word.AsString() : word.Dump());
  }
  if (spec.command.empty() == spec.url.empty()) {
    return UserError("a server needs either `command` (a list: the program and its arguments) or `url`", where);
  }
  TRY_ASSIGN(spec.environment, ReadPairs(given, "env", where));
  TRY_ASSIGN(spec.headers, ReadPairs(given, "headers", where));
  return spec;
}

/// `text` with every $NAME replaced by that variable; what was filled in is added to `secrets`.
Expected<std::string> Expand(std::string_view text, std::vector<Secret>& secrets) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    std::size_t length = 0;
    while (length < text.size() && (std::isalnum(static_cast<unsigned char>(text[length])) || text[length] == '_')) {
      ++length;
    }
    TRY_ASSIGN(const Secret secret, Secret::FromEnvironment(std::string(text.substr(0, length))));
    out += secret.Reveal();
    secrets.push_back(secret);
    text.remove_prefix(length);
  }
  return out;
}

std::string InDirectory(std::string text, const std::string& directory) {
  for (std::size_t at = text.find("{dir}"); at != std::string::npos; at = text.find("{dir}", at + directory.size())) {
    text.replace(at, 5, directory);
  }
  return text;
}

/// A server that starts elsewhere still finds the script that was named from here.
std::string FoundFromHere(std::string word) {
  std::error_code failed;
  const bool relative = !word.empty() && word.front() != '/' && word.find('/') != std::string::npos;
  if (!relative || !std::filesystem::is_regular_file(word, failed)) return word;
  return std::filesystem::absolute(word, failed).string();
}

Expected<std::unique_ptr<McpTransport>> Reach(const ServerSpec& spec, const std::string& directory,
                                              std::vector<Secret>& secrets) {
  if (spec.url.empty()) {
    PeerSettings settings;
    // A server sees the variables that the config names, not the keys of our models.
    settings.inherit_environment = false;
    for (const std::string& word : spec.command)
      settings.command.push_back(FoundFromHere(InDirectory(word, directory)));
    settings.directory = spec.directory.empty() ? directory : InDirectory(spec.directory, directory);
    for (const auto& [name, value] : spec.environment) {
      // The directory last: a `$` in its path is no variable.
      TRY_ASSIGN(std::string expanded, Expand(value, secrets));
      settings.environment.emplace_back(name, InDirectory(std::move(expanded), directory));
    }
    return StartMcpServer(settings);
  }
  McpAddress address;
  address.url = spec.url;
  for (const auto& [name, value] : spec.headers) {
    const std::size_t before = secrets.size();
    TRY_ASSIGN(const std::string expanded, Expand(value, secrets));
    // With a secret in it the whole header is one, so that it is shown and kept nowhere.
    const bool plain = secrets.size() == before;
    address.headers.push_back({name, plain ? expanded : std::string(), plain ? Secret() : Secret(expanded)});
  }
  return ReachMcpServer(std::move(address));
}

std::string TextOf(const Json& block) {
  const std::string type(block.StringOr("type", "?"));
  if (type == "text") return std::string(block.StringOr("text", ""));
  if (type == "resource") {
    const Json* resource = block.Find("resource");
    const Json* text = resource == nullptr ? nullptr : resource->Find("text");
    if (text != nullptr && text->is_string()) return text->AsString();
    return fmt::format("[resource {}]", resource == nullptr ? "?" : resource->StringOr("uri", "?"));
  }
  if (type == "resource_link") return fmt::format("[resource {}]", block.StringOr("uri", "?"));
  return fmt::format("[{} {}, {} bytes in base64]", type, block.StringOr("mimeType", "?"),
                     block.StringOr("data", "").size());
}

}  // namespace

Expected<std::vector<ServerSpec>> ReadServers(const Json& servers) {
  std::vector<ServerSpec> specs;
  if (!servers.is_object() || servers.size() == 0) {
    return UserError("`servers` is {NAME: {command: [...]}} or {NAME: {url: ...}}", "environment.servers");
  }
  for (const auto& [name, given] : servers.members()) {
    TRY_ASSIGN(ServerSpec spec, ReadServer(name, given));
    specs.push_back(std::move(spec));
  }
  return specs;
}

Async<Expected<std::unique_ptr<ServerSet>>> ServerSet::Open(const std::vector<ServerSpec>& specs, std::string directory,
                                                            std::chrono::milliseconds limit) {
  auto set = std::make_unique<ServerSet>();
  for (const ServerSpec& spec : specs) {
    Server server;
    server.name = spec.name;
    auto transport = Reach(spec, directory, server.secrets);
    if (!transport) co_return std::unexpected(std::move(transport).error());
    auto connecting = McpClient::Connect(std::move(*transport), limit);
    auto client = co_await connecting;
    if (!client) {
      // Kept although it is of no use: Scrub knows the secrets of the set, and the message may repeat one of them.
      set->servers_.push_back(std::move(server));
      co_return std::unexpected(set->ScrubbedError(std::move(client).error(), spec.name));
    }
    server.client = std::move(*client);
    set->servers_.push_back(std::move(server));
    auto listing = set->servers_.back().client->ListTools();
    auto tools = co_await listing;
    if (!tools) co_return std::unexpected(set->ScrubbedError(std::move(tools).error(), spec.name));
    for (McpTool& tool : *tools) {
      // What a server says of its tools comes back from it too, and goes to the model and into the run.
      set->Scrub(tool.schema.description);
      tool.schema.parameters = set->Scrubbed(std::move(tool.schema.parameters));
      ServerTool shown{std::move(tool.schema), set->Scrubbed(std::move(tool.whole)), set->servers_.size() - 1, {}};
      shown.name = shown.schema.name;
      if (spec.prefix) shown.schema.name = spec.name + "_" + shown.name;
      const auto same = [&](const ServerTool& other) { return other.schema.name == shown.schema.name; };
      if (std::ranges::any_of(set->tools_, same)) {
        co_return UserError(fmt::format("two servers have a tool `{}`; set `prefix: true` for one", shown.schema.name),
                            "environment.servers." + spec.name);
      }
      set->tools_.push_back(std::move(shown));
    }
  }
  co_return set;
}

std::string ServerSet::instructions() const {
  std::string all;
  for (const Server& server : servers_) {
    if (server.client->instructions().empty()) continue;
    if (!all.empty()) all += "\n\n";
    all += server.client->instructions();
  }
  Scrub(all);
  return all;
}

std::string ServerSet::versions() const {
  std::vector<std::string> all;
  all.reserve(servers_.size());
  for (const Server& server : servers_) {
    all.push_back(fmt::format("{} (MCP {})", server.client->server(), server.client->protocol()));
  }
  return Join(all, "; ");
}

std::vector<std::string> ServerSet::notes() const {
  std::vector<std::string> all;
  for (const Server& server : servers_) {
    for (std::string note : server.client->news().notes()) {
      Scrub(note);
      all.push_back(server.name + ": " + note);
    }
  }
  return all;
}

void ServerSet::Scrub(std::string& text) const {
  for (const Server& server : servers_) {
    for (const Secret& secret : server.secrets) secret.Scrub(text);
  }
}

Error ServerSet::ScrubbedError(Error why, const std::string& server) const {
  Scrub(why.message);
  why.where = fmt::format("MCP server `{}`", server);
  return why;
}

Json ServerSet::Scrubbed(Json value) const {
  const bool any = std::ranges::any_of(servers_, [](const Server& server) { return !server.secrets.empty(); });
  if (!any || value.is_null()) return value;
  // As text: a secret may stand in a name as well as in a value. Where scrubbing leaves no JSON, nothing is shown.
  std::string text = value.Dump();
  Scrub(text);
  auto clean = Json::Parse(text);
  return clean ? std::move(*clean) : Json();
}

Async<Expected<ServerAnswer>> ServerSet::Call(std::string tool, Json arguments) {
  const auto found = std::ranges::find_if(tools_, [&](const ServerTool& known) { return known.schema.name == tool; });
  ServerAnswer answer;
  // One server says itself that it has no such tool; of several, none can speak for the others.
  const bool known = found != tools_.end();
  if (!known && servers_.size() > 1) {
    answer = {fmt::format("Error: there is no tool `{}`", tool), Json(), true};
    co_return answer;
  }
  const Server& server = servers_[known ? found->server : 0];
  auto calling = server.client->CallTool(known ? found->name : tool, std::move(arguments));
  auto result = co_await calling;
  if (!result) {
    Error why = ScrubbedError(std::move(result).error(), server.name);
    // A server that is under test has failed, not the machine: the row shall say so.
    if (why.kind == ErrorKind::kWorld) why.kind = ErrorKind::kEpisode;
    co_return std::unexpected(std::move(why));
  }
  const Json* content = result->Find("content");
  for (std::size_t i = 0; content != nullptr && content->is_array() && i < content->size(); ++i) {
    if (i > 0) answer.text += '\n';
    answer.text += TextOf(content->items()[i]);
  }
  Scrub(answer.text);
  if (const Json* structured = result->Find("structuredContent")) answer.structured = Scrubbed(*structured);
  // Agents read text; a server may put its answer into the structured part alone.
  if (answer.text.empty() && !answer.structured.is_null()) answer.text = answer.structured.Dump();
  answer.error = result->BoolOr("isError", false);
  co_return answer;
}

}  // namespace xsweep
