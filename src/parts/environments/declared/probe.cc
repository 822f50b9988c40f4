// Probe: a read-only look at a foreign world.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "base/files.h"
#include "base/hash.h"
#include "base/system/process.h"
#include "base/text.h"
#include "net/handoff.h"

namespace xsweep {
namespace {

constexpr std::size_t kMostDifferences = 200;
constexpr std::uintmax_t kLargestShown = 1U << 20U;

std::string Escaped(std::string_view step) {
  std::string out;
  for (const char next : step) {
    if (next == '~') {
      out += "~0";
    } else if (next == '/') {
      out += "~1";
    } else {
      out += next;
    }
  }
  return out;
}

class Comparison {
 public:
  explicit Comparison(const std::vector<std::string>& ignore) : ignore_(ignore) {}

  void Compare(const std::string& pointer, const Json* before, const Json* after) {
    if (list_.size() >= kMostDifferences || std::ranges::find(ignore_, pointer) != ignore_.end()) return;
    if (before == nullptr || after == nullptr) return Add(pointer, before, after);
    if (before->is_object() && after->is_object()) return Members(pointer, *before, *after);
    if (before->is_array() && after->is_array()) return Items(pointer, *before, *after);
    if (!(*before == *after)) Add(pointer, before, after);
  }
  Json Take() { return std::move(list_); }

 private:
  void Members(const std::string& pointer, const Json& before, const Json& after) {
    for (const auto& [key, value] : before.members()) {
      Compare(pointer + "/" + Escaped(key), &value, after.Find(key));
    }
    for (const auto& [key, value] : after.members()) {
      if (before.Find(key) == nullptr) Compare(pointer + "/" + Escaped(key), nullptr, &value);
    }
  }
  void Items(const std::string& pointer, const Json& before, const Json& after) {
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
      Compare(fmt::format("{}/{}", pointer, i), i < before.size() ? &before.items()[i] : nullptr,
              i < after.size() ? &after.items()[i] : nullptr);
    }
  }
  void Add(const std::string& pointer, const Json* before, const Json* after) {
    const char* change = before == nullptr ? "added" : after == nullptr ? "removed" : "changed";
    list_.Append(Json::MakeObject({{"pointer", pointer},
                                   {"change", change},
                                   {"before", before == nullptr ? Json() : *before},
                                   {"after", after == nullptr ? Json() : *after}}));
  }

  const std::vector<std::string>& ignore_;
  Json list_ = Json::MakeArray();
};

}  // namespace

Expected<ProbeSpec> ReadProbe(const Json& given) {
  constexpr std::string_view kWhere = "environment.probe";
  ProbeSpec spec;
  if (given.is_null()) return spec;
  if (!given.is_object()) return UserError("a probe is {tool: NAME}, {command: [...]} or {files: true}", kWhere);
  static const std::vector<std::string> kKeys = {"tool", "arguments", "command", "files", "ignore"};
  for (const auto& [key, value] : given.members()) {
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      return UserError(fmt::format("unknown key `{}`{}", Printable(key), DidYouMean(key, kKeys, "it takes")), kWhere);
    }
  }
  spec.tool = given.StringOr("tool", "");
  if (const Json* arguments = given.Find("arguments")) spec.arguments = *arguments;
  const auto texts = [&](const char* key, std::vector<std::string>& into) {
    const Json* list = given.Find(key);
    for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->size(); ++i) {
      into.push_back(list->items()[i].is_string() ? list->items()[i].AsString() : list->items()[i].Dump());
    }
  };
  texts("command", spec.command);
  texts("ignore", spec.ignore);
  spec.files = given.BoolOr("files", false);
  const int ways = (spec.tool.empty() ? 0 : 1) + (spec.command.empty() ? 0 : 1) + (spec.files ? 1 : 0);
  if (ways != 1) return UserError("a probe is one of {tool: NAME}, {command: [...]} and {files: true}", kWhere);
  return spec;
}

Json FilesOf(const std::string& directory) {
  std::map<std::string, Json> files;
  std::error_code failed;
  std::filesystem::recursive_directory_iterator walk(directory, failed);
  for (const auto end = std::filesystem::recursive_directory_iterator(); !failed && walk != end;
       walk.increment(failed)) {
    if (!walk->is_regular_file(failed)) continue;
    const std::string name = walk->path().lexically_relative(directory).generic_string();
    auto text = ReadFile(walk->path(), std::uint64_t{64} << 20U);
    if (!text) {
      files[name] = "unreadable";
    } else if (text->size() > kLargestShown || FindInvalidUtf8(*text)) {
      files[name] = fmt::format("{} bytes, {}", text->size(), ShortHash(*text));
    } else {
      files[name] = std::move(*text);
    }
  }
  Json all = Json::MakeObject();
  for (auto& [name, text] : files) all.Set(name, std::move(text));
  return all;
}

Async<Expected<std::string>> RunAside(std::vector<std::string> command, std::string directory,
                                      std::chrono::milliseconds limit) {
  const Handoff<Expected<ProcessResult>> promise;
  const std::string name = command.front();
  ProcessRequest request{.args = std::move(command), .directory = std::move(directory), .time_limit = limit};
  std::thread([promise, request = std::move(request)] { promise.Set(RunProcess(request)); }).detach();
  auto taking = promise.Take(limit + std::chrono::seconds(10));
  CO_TRY_ASSIGN(auto taken, co_await taking);
  if (!taken) co_return EpisodeError("did not end in time", name);
  if (!*taken) co_return EpisodeError((*taken).error().message, name);
  if ((*taken)->exit_code != 0) {
    co_return EpisodeError(fmt::format("ended with {}: {}", (*taken)->exit_code, Printable((*taken)->err, 300)), name);
  }
  co_return std::move((*taken)->out);
}

Json StateDifferences(const Json& before, const Json& after, const std::vector<std::string>& ignore) {
  Comparison comparison(ignore);
  comparison.Compare("", &before, &after);
  return comparison.Take();
}

}  // namespace xsweep
