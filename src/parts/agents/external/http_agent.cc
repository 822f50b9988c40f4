// http: an agent that runs elsewhere: one request a user turn, its answer at a place in the response.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/json_mend.h"
#include "base/system/secret.h"
#include "base/text.h"
#include "net/client/http.h"
#include "parts/agents/external/external.h"
#include "parts/agents/external/relayed.h"
#include "parts/agents/external/station.h"
#include "parts/shared/splice.h"

namespace xsweep {
namespace {

using How = AgentEnd::How;

struct RemoteSettings : RelaySettings {
  std::string url;
  Json body = Json::MakeObject({{"prompt", "{prompt}"}, {"mcp_url", "{mcp_url}"}, {"session", "{session}"}});
  std::vector<std::string> answer = {"/answer"};
  std::vector<std::string> headers;
  std::string key_env;
  double timeout = 600;
  std::string policy = "prompt";
};

constexpr std::string_view kModelUrl = "{model_url}";

const Options<RemoteSettings>& HttpOptions() {
  // No constant as elsewhere: it begins with a table of another file, and constants of two files come in any order.
  static const Options<RemoteSettings> options(
      RelayOptions(),
      {
          Opt("url", &RemoteSettings::url, "The agent's address, http or https.", {.required = true}),
          Opt("body", &RemoteSettings::body,
              "The request's JSON; {prompt}, {mcp_url}, {session} and, behind a relay, {model_url} (without /v1) are "
              "filled into its texts. With {session} the agent is asked again for every user turn, otherwise once.",
              {.type = OptionType::kMapping}),
          Opt("answer", &RemoteSettings::answer, "JSON pointers; the first text that one of them finds is the answer.",
              {.minimum = 1}),
          Opt("headers", &RemoteSettings::headers, "More headers, `Name: value`; never put keys here."),
          Opt("key_env", &RemoteSettings::key_env,
              "The variable of our environment whose value is sent as `Authorization: Bearer`; none when empty."),
          Opt("timeout", &RemoteSettings::timeout, "Seconds for one answer.", {.minimum = 1, .maximum = 86400}),
          Opt("policy", &RemoteSettings::policy, "Where the environment's policy goes, as for `process`.",
              {.choices = {"prompt", "instructions"}}),
      });
  return options;
}

void Replace(std::string& text, std::string_view mark, const std::string& value) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
    text.replace(at, mark.size(), value);
}

struct Filling {
  const std::string& prompt;
  const std::string& mcp_url;
  const std::string& session;
  const std::string& model_url;
};

Json Fill(const Json& body, const Filling& filling) {
  if (body.is_string()) {
    // The prompt last: what stands in it is nobody's placeholder.
    std::string text = body.AsString();
    Replace(text, "{mcp_url}", filling.mcp_url);
    Replace(text, "{session}", filling.session);
    if (!filling.model_url.empty()) Replace(text, kModelUrl, filling.model_url);
    Replace(text, "{prompt}", filling.prompt);
    return text;
  }
  Json copy = body;
  if (copy.is_array())
    for (Json& item : copy.MutableItems()) item = Fill(item, filling);
  if (copy.is_object())
    for (auto& [key, value] : copy.MutableMembers()) value = Fill(value, filling);
  return copy;
}

class HttpAgent final : public StationedAgent {
 public:
  HttpAgent(Shared<RemoteSettings> settings, const TrialContext& context, RelayLine* line)
      : settings_(std::move(settings)),
        around_(context.around),
        environment_(context.environment),
        line_(line),
        // An agent that is told no session cannot know that a second request goes on with the first.
        again_(settings_->body.Dump().find("{session}") != std::string::npos) {}
  ~HttpAgent() override { asking_.reset(); }

  Async<Expected<AgentTurn>> Act(const Conversation& conversation) override {
    if (station_ == nullptr) {
      const PolicyIn policy = settings_->policy == "prompt" ? PolicyIn::kPrompt : PolicyIn::kInstructions;
      CO_TRY_ASSIGN(station_, Station::Open(around_, environment_, conversation, policy, results_kept()));
      if (around_.http == nullptr) co_return UserError("needs `mode: REAL`", "agent http");
      if (!settings_->key_env.empty()) {
        CO_TRY_ASSIGN(key_, Secret::FromEnvironment(settings_->key_env));
      }
      if (line_ != nullptr) line_->Seat(station_->shared_broker(), {station_->token()});
    }
    // The loop comes back after every batch of calls; only new words of the user are a new request.
    if (conversation.turn > prompted_) {
      prompted_ = conversation.turn;
      asking_.emplace(AskOnce(station_->PromptOf(conversation)));
      asking_->Start();
    }
    auto next = station_->broker().Next(conversation);
    co_return co_await next;
  }

 private:
  Async<bool> AskOnce(std::string prompt) {
    HttpRequest request{.method = "POST", .url = settings_->url};
    request.headers = {{"Content-Type", "application/json"}};
    for (const std::string& header : settings_->headers) {
      const std::size_t colon = std::min(header.find(':'), header.size());
      const std::size_t value = std::min(header.find_first_not_of(' ', colon + 1), header.size());
      request.headers.push_back({header.substr(0, colon), header.substr(value)});
    }
    // Not an ordinary header: what is secret is blotted out of answers that repeat it.
    if (!key_.empty()) request.secret_headers.push_back({"Authorization", "Bearer ", key_});
    const std::string model_url = line_ == nullptr ? std::string() : line_->base();
    request.body = Fill(settings_->body, {prompt, station_->url(), station_->token(), model_url}).Dump();
    const auto limit = std::chrono::milliseconds(static_cast<std::int64_t>(settings_->timeout * 1000));
    // Such an agent does all its work before the first byte of its answer.
    request.timeouts.first_byte = request.timeouts.total = limit;
    request.route = {.proxy_from_environment = true, .decode = true};
    const auto response = co_await around_.http->Call(std::move(request));
    // The run is being stopped, and the trial's own waiting is told so: it is no failure of the agent.
    if (!response && response.error().failure == HttpFailure::kStopped) co_return false;
    station_->broker().End(
        response ? Read(*response)
                 : AgentEnd{How::kFailed, "no answer from the agent: " + response.error().error.Text(), true});
    co_return true;
  }

  AgentEnd Read(const HttpResponse& response) const {
    if (response.status < 200 || response.status > 299)
      return {How::kFailed,
              fmt::format("the agent answered HTTP {}: {}", response.status, Printable(response.body, 300)), true};
    const auto json = ParseMended(response.body);
    if (!json) return {How::kFailed, "the agent's answer is no JSON: " + Printable(response.body, 300), true};
    for (const std::string& pointer : settings_->answer) {
      const Json* found = AtPointer(*json, pointer);
      if (found != nullptr && found->is_string()) return {How::kAnswered, found->AsString(), !again_};
    }
    return {How::kFailed,
            "there is no text at " + Join(settings_->answer, ", ") +
                " of the agent's answer: " + Printable(response.body, 300),
            true};
  }

  const Shared<RemoteSettings> settings_;
  const Surroundings around_;
  const Environment& environment_;
  RelayLine* const line_;
  const bool again_;
  Secret key_;
  std::unique_ptr<Station> station_;
  std::optional<Async<bool>> asking_;
  int prompted_ = 0;
};

Expected<PartFactory<Agent>> PrepareHttp(const RemoteSettings& settings) {
  if (!settings.url.starts_with("http://") && !settings.url.starts_with("https://"))
    return UserError("is no http or https address", "agent.url");
  for (const std::string& pointer : settings.answer)
    if (!pointer.starts_with('/') || !PointerSteps(pointer))
      return UserError("`" + pointer + "` is no JSON pointer, e.g. /answer", "agent.answer");
  // Not repeated: what stands there without a name may be a key.
  for (const std::string& header : settings.headers)
    if (header.find(':') == std::string::npos || header.starts_with(':'))
      return UserError("an entry is no header: it needs a name, e.g. `X-Tenant: test`", "agent.headers");
  TRY_ASSIGN(RelayRecipe relay, ReadRelay(settings));
  if ((relay.to != RelayTo::kNone) != (settings.body.Dump().find(kModelUrl) != std::string::npos))
    return UserError("`relay` and {model_url} go together: the body tells the agent where its model is", "agent.body");
  const auto shared = std::make_shared<const RemoteSettings>(settings);
  const auto recipe = std::make_shared<const RelayRecipe>(std::move(relay));
  return [shared, recipe](const TrialContext& context) {
    return RelayTurns(recipe, context, [shared, context](RelayLine* line) {
      return std::make_unique<HttpAgent>(shared, context, line);
    });
  };
}

}  // namespace

AgentEntry HttpAgentEntry() {
  return AgentEntry::Of(
      {.name = "http", .summary = "An agent that runs elsewhere and answers a request (A2A and alike)."}, HttpOptions(),
      PrepareHttp);
}

}  // namespace xsweep
