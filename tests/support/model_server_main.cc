// model_server: the tests' model server as a program. Prints its URL, then serves until its input ends.
//   model_server RULES.json [PORT]
// RULES.json is a list; the first rule whose `contains` (all of a list, or one string) is in the request's body
// answers, as long as its `times` last. A rule without `contains` always answers:
//   {"contains": "refund", "times": 2, "status": 429, "headers": {"Retry-After": "1"}, "latency_ms": 100,
//    "manner": "proper|hang|drop|drop_midway|trickle|endless|not_http|close_after|echo_headers",
//    "text": "a chat reply"  or  "tool": "name", "arguments": {...}  or  "body": "raw"}
// Batches of OpenAI and Anthropic are answered by the same rules, a question at a time.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "support/batch_stand_in.h"
#include "support/model_server.h"

namespace xsweep::testing {
namespace {

constexpr std::string_view kManners[] = {"proper",  "hang",    "drop",     "drop_midway",
                                         "trickle", "endless", "not_http", "close_after"};

bool Matches(const Json& rule, const std::string& body) {
  const Json* wanted = rule.Find("contains");
  if (wanted == nullptr) return true;
  if (wanted->is_string()) return body.find(wanted->AsString()) != std::string::npos;
  for (std::size_t i = 0; i < wanted->size(); ++i) {
    if (body.find(wanted->items()[i].AsString()) == std::string::npos) return false;
  }
  return true;
}

ServerReply ReplyOf(const Json& rule, const SeenRequest& request) {
  if (rule.StringOr("manner", "") == "echo_headers") return EchoHeaders(request);
  ServerReply reply;
  reply.status = static_cast<int>(rule.IntOr("status", 200));
  reply.latency = std::chrono::milliseconds(rule.IntOr("latency_ms", 0));
  if (const Json* headers = rule.Find("headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->members()) reply.headers.emplace_back(name, value.AsString());
  }
  for (std::size_t i = 0; i < std::size(kManners); ++i) {
    if (rule.StringOr("manner", "proper") == kManners[i]) reply.manner = static_cast<ServerReply::Manner>(i);
  }
  const Json* arguments = rule.Find("arguments");
  if (rule.Find("body") != nullptr) {
    reply.body = rule.StringOr("body", "");
  } else if (rule.Find("tool") != nullptr) {
    const std::string spelled = arguments == nullptr     ? "{}"
                                : arguments->is_string() ? arguments->AsString()
                                                         : arguments->Dump();
    reply.body = ChatCallBody(rule.StringOr("tool", ""), spelled, "call_" + std::to_string(request.number));
  } else {
    reply.body = reply.status < 400 ? ChatBody(rule.StringOr("text", "ok")) : ErrorBody(rule.StringOr("text", "no"));
  }
  return reply;
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: model_server RULES.json [PORT]\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  auto rules = Json::Parse(std::string(std::istreambuf_iterator<char>(file), {}), argv[1]);
  if (!rules || !rules->is_array()) {
    std::fprintf(stderr, "model_server: %s\n", rules ? "the rules are not a list" : rules.error().Text().c_str());
    return 2;
  }
  std::vector<std::int64_t> left;
  for (const Json& rule : rules->items()) left.push_back(rule.IntOr("times", INT64_MAX));
  BatchStandIn answers([&](const SeenRequest& request) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const Json& rule = rules->items()[i];
      if (left[i] > 0 && Matches(rule, request.body)) {
        --left[i];
        return ReplyOf(rule, request);
      }
    }
    return ServerReply{.status = 500, .body = ErrorBody("no rule matches this request")};
  });
  ModelServer server([&](const SeenRequest& request) { return answers(request); }, argc > 2 ? std::atoi(argv[2]) : 0);
  if (server.port() == 0) {
    std::fprintf(stderr, "model_server: the port is taken\n");
    return 1;
  }
  std::printf("%s\n", server.Url().c_str());
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

}  // namespace
}  // namespace xsweep::testing

int main(int argc, char** argv) { return xsweep::testing::Main(argc, argv); }
