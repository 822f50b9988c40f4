// Exchange: one request to a model and what came of it, as a line of a recording.
// SPDX-License-Identifier: Apache-2.0
#include "models/recordings/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "models/replies/answer.h"
#include "models/wires/request_pieces.h"

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 4> kSpeakers = {"system", "user", "agent", "tool"};
constexpr std::size_t kRemembered = 20'000;  // dialogues whose last request is known; beyond, whole ones are written

void AppendCall(const ToolCall& call, std::string& out) {
  AppendMember(R"({"id":)", call.id, out);
  AppendMember(R"(,"name":)", call.name, out);
  out += R"(,"arguments":)";
  call.arguments.AppendTo(out);
  if (!call.more.is_null()) {
    out += R"(,"more":)";
    call.more.AppendTo(out);
  }
  out += '}';
}

// What is empty is left out. A request is found by the hash of this text, so a member that comes to messages later must
// not change the text of those that have none: recordings of earlier versions would miss.
void AppendMessage(const Message& message, std::string& out) {
  AppendMember(R"({"speaker":)", kSpeakers[static_cast<std::size_t>(message.speaker)], out);
  AppendMember(R"(,"text":)", message.text, out);
  if (!message.calls.empty()) {
    out += R"(,"calls":)";
    AppendList(message.calls, AppendCall, out);
  }
  if (!message.call_id.empty()) AppendMember(R"(,"call_id":)", message.call_id, out);
  if (message.error) out += R"(,"error":true)";
  if (!message.kept.is_null()) {
    out += R"(,"kept":)";
    message.kept.AppendTo(out);
  }
  out += '}';
}

void AppendTool(const ToolSchema& tool, std::string& out) {
  AppendMember(R"({"name":)", tool.name, out);
  AppendMember(R"(,"description":)", tool.description, out);
  out += R"(,"parameters":)";
  tool.parameters.AppendTo(out);
  out += '}';
}

void AppendTools(const std::vector<ToolSchema>& tools, std::string& out) { AppendList(tools, AppendTool, out); }

std::string ToolsText(const std::vector<ToolSchema>& tools) {
  std::string text;
  AppendTools(tools, text);
  return text;
}

void AppendReply(const ModelReply& reply, std::string& out) {
  AppendMember(R"({"text":)", reply.text, out);
  if (!reply.calls.empty()) {
    out += R"(,"calls":)";
    AppendList(reply.calls, AppendCall, out);
  }
  if (!reply.reasoning.empty()) AppendMember(R"(,"reasoning":)", reply.reasoning, out);
  AppendMember(R"(,"finish_reason":)", reply.finish_reason, out);
  if (reply.no_answer != NoAnswer::kNone) AppendMember(R"(,"no_answer":)", NameOf(reply.no_answer), out);
  if (!reply.refusal.empty()) AppendMember(R"(,"refusal":)", reply.refusal, out);
  if (!reply.model.empty()) AppendMember(R"(,"model":)", reply.model, out);
  if (!reply.kept.is_null()) {
    out += R"(,"kept":)";
    reply.kept.AppendTo(out);
  }
  out += R"(,"usage":)";
  Json usage = Json::MakeObject({{"calls", reply.usage.calls},
                                 {"prompt_tokens", reply.usage.prompt_tokens},
                                 {"completion_tokens", reply.usage.completion_tokens},
                                 {"cost_nano_usd", reply.usage.cost_nano_usd},
                                 {"cost_known", reply.usage.cost_known}});
  if (!reply.usage.tokens_known) usage.Set("tokens_known", false);
  if (reply.usage.cached_tokens > 0) usage.Set("cached_tokens", reply.usage.cached_tokens);
  if (reply.usage.written_tokens > 0) usage.Set("cache_write_tokens", reply.usage.written_tokens);
  usage.AppendTo(out);
  out += '}';
}

constexpr std::string_view kSumStart = R"(,"sum":")";
constexpr std::size_t kSumSize = kSumStart.size() + 8 + 2;  // the digits, a quote and the brace

std::string SumOf(std::string_view text) {
  return fmt::format(R"({}{:08x}"}})", kSumStart, static_cast<std::uint32_t>(Hash64(text)));
}

/// Closes the object that starts at `start` with its sum.
void EndLine(std::size_t start, std::string& lines) {
  lines += SumOf(std::string_view(lines).substr(start));
  lines += '\n';
}

std::unexpected<Error> NoReply(std::string_view what) {
  return WorldError(fmt::format("a recorded reply has {}", what));
}

Expected<std::vector<ToolCall>> ReadCalls(const Json* list) {
  std::vector<ToolCall> calls;
  if (list == nullptr) return calls;
  if (!list->is_array()) return NoReply("no list of calls");
  for (const Json& item : list->items()) {
    const Json* arguments = item.Find("arguments");
    if (arguments == nullptr || item.Find("name") == nullptr) return NoReply("a call without name or arguments");
    calls.push_back({std::string(item.StringOr("id", "")), std::string(item.StringOr("name", "")), *arguments});
    if (const Json* more = item.Find("more")) calls.back().more = *more;
  }
  return calls;
}

}  // namespace

RequestWriter::RequestWriter(const Json& settings) : settings_(settings.Dump()), tools_(&AppendTools) {}

RequestText::RequestText(const Json& settings, const ModelRequest& request)
    : RequestText(settings.Dump(), ToolsText(request.tools), request) {}

RequestText::RequestText(std::string_view settings, std::string_view tools, const ModelRequest& request) {
  text_.reserve(LikelySize(request) + settings.size() + tools.size());
  text_.append(R"({"settings":)").append(settings);
  AppendRepeatedMember(R"(,"system":)", request.system, text_);
  text_.append(R"(,"tools":)").append(tools);
  head_end_ = text_.size();
  text_ += R"(,"messages":[)";
  messages_begin_ = text_.size();
  ends_.reserve(request.messages.size());
  for (const Message& message : request.messages) {
    if (!ends_.empty()) text_ += ',';
    AppendMessage(message, text_);
    ends_.push_back(text_.size());
  }
  text_ += "]}";
}

std::string RequestText::Hash() const { return ShortHash(text_); }

std::string_view RequestText::message(std::size_t place) const {
  const std::size_t begin = place == 0 ? messages_begin_ : ends_[place - 1] + 1;
  return std::string_view(text_).substr(begin, ends_[place] - begin);
}

std::string RequestText::MessagesFrom(std::size_t place) const {
  if (place >= ends_.size()) return "[]";
  const std::size_t begin = place == 0 ? messages_begin_ : ends_[place - 1] + 1;
  return fmt::format("[{}]", std::string_view(text_).substr(begin, ends_.back() - begin));
}

Expected<ModelReply> ReadReply(const Json& json) {
  if (!json.is_object() || json.Find("text") == nullptr) return NoReply("no text");
  const Json* usage = json.Find("usage");
  if (usage == nullptr || !usage->is_object()) return NoReply("no usage");
  ModelReply reply;
  reply.text = json.StringOr("text", "");
  reply.reasoning = json.StringOr("reasoning", "");
  reply.finish_reason = json.StringOr("finish_reason", "");
  reply.finish = ReadFinish(reply.finish_reason);
  reply.refusal = json.StringOr("refusal", "");
  reply.model = json.StringOr("model", "");
  if (const Json* kept = json.Find("kept")) reply.kept = *kept;
  const auto why = Parse<NoAnswer>(json.StringOr("no_answer", ""));
  if (!why) return NoReply("a `no_answer` that is none");
  reply.no_answer = *why;
  TRY_ASSIGN(reply.calls, ReadCalls(json.Find("calls")));
  reply.usage.calls = usage->IntOr("calls", 1);
  reply.usage.prompt_tokens = usage->IntOr("prompt_tokens", 0);
  reply.usage.completion_tokens = usage->IntOr("completion_tokens", 0);
  reply.usage.cost_nano_usd = usage->IntOr("cost_nano_usd", 0);
  reply.usage.cost_known = usage->BoolOr("cost_known", false);
  reply.usage.tokens_known = usage->BoolOr("tokens_known", true);
  reply.usage.cached_tokens = usage->IntOr("cached_tokens", 0);
  reply.usage.written_tokens = usage->IntOr("cache_write_tokens", 0);
  return reply;
}

std::string DialogueKey(const CallIdentity& identity) {
  return Json::MakeArray({identity.cell, identity.task, identity.seed, identity.trial, NameOf(identity.role)}).Dump();
}

std::optional<std::string_view> WithoutSum(std::string_view line) {
  if (line.size() <= kSumSize || !line.substr(line.size() - kSumSize).starts_with(kSumStart)) return line;
  const std::string_view summed = line.substr(0, line.size() - kSumSize);
  if (line.substr(summed.size()) != SumOf(summed)) return std::nullopt;
  return summed;
}

std::string ExchangeWriter::Lines(const CallIdentity& identity, const RequestText& request,
                                  const Expected<ModelReply>& result) {
  // One byte skipped: the brace, which the head of a line has not.
  const auto [hash, head] = beginning_.Of(request.beginning(), request.rest(), 1);
  Earlier now{identity.turn, head, {}};
  now.messages.reserve(request.messages());
  // Hashes are kept rather than texts, of which thousands of dialogues under way would hold all they have ever said.
  for (std::size_t i = 0; i < request.messages(); ++i) now.messages.push_back(Hash64(request.message(i)));
  if (earlier_.size() > kRemembered) earlier_.clear();
  // Harmless: a head that is said again means the same.
  if (heads_.size() > kRemembered) heads_.clear();
  Earlier& before = earlier_[DialogueKey(identity)];
  // A turn that is no later one belongs to a trial that began again. Its line is whole: readers follow "after" only to
  // earlier turns, so that no file can send them round in circles.
  const bool follows = !before.messages.empty() && before.turn < identity.turn;
  std::size_t kept = 0;
  if (follows) {
    kept = static_cast<std::size_t>(std::ranges::mismatch(before.messages, now.messages).in2 - now.messages.begin());
  }

  std::string lines;
  if (heads_.insert(now.head).second) {
    lines = fmt::format(R"({{"head":"{:016x}",{})", now.head, request.head());
    EndLine(0, lines);
  }
  const std::size_t start = lines.size();
  Json::MakeObject({{"cell", identity.cell},
                    {"task", identity.task},
                    {"seed", identity.seed},
                    {"trial", identity.trial},
                    {"role", NameOf(identity.role)},
                    {"turn", identity.turn},
                    {"hash", fmt::format("{:016x}", hash)}})
      .AppendTo(lines);
  lines.pop_back();  // the brace; what follows is text already
  if (follows) lines += fmt::format(R"(,"after":{},"kept":{})", before.turn, kept);
  if (!follows || before.head != now.head) lines += fmt::format(R"(,"head":"{:016x}")", now.head);
  lines.append(R"(,"messages":)").append(request.MessagesFrom(kept));
  if (result) {
    lines += R"(,"reply":)";
    AppendReply(*result, lines);
  } else {
    lines += R"(,"error":)";
    Json::MakeObject({{"message", result.error().message}, {"where", result.error().where}}).AppendTo(lines);
  }
  EndLine(start, lines);
  before = std::move(now);
  return lines;
}

}  // namespace xsweep
