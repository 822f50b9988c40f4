// The shelf that makes models of providers: the one place that knows how models wrap models.
// SPDX-License-Identifier: Apache-2.0
#include "models/shelf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/options/check_options.h"
#include "models/batches/anthropic_batches.h"
#include "models/batches/openai_batches.h"
#include "models/provider_options.h"
#include "models/scripted.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"

namespace xsweep {
namespace {

/// Servers whose documentation names `prompt_cache_key`; others may refuse a member that they do not know.
constexpr std::string_view kServersWithCacheKey[] = {"https://api.openai.com/", "https://api.mistral.ai/"};

Expected<Json> Completed(std::string_view provider, const Json& options) {
  const std::vector<PartSpec> table = ProviderTable();
  const PartFamily family{.noun = "provider", .name_key = "provider", .specs = &table};
  const PartSpec* spec = FindSpec(table, provider);
  if (spec == nullptr) return std::unexpected(UnknownPart(family, provider));
  return CompleteOptions(*spec, options, family, fmt::format("provider {}", provider));
}

std::optional<double> GivenNumber(const Json& options, std::string_view name) {
  const Json* value = GivenOption(options, name);
  return value == nullptr ? std::nullopt : std::optional(value->AsDouble());
}

std::chrono::milliseconds Milliseconds(const Json& options, std::string_view name) {
  return std::chrono::milliseconds(std::llround(options.DoubleOr(name, 0) * 1000));
}

/// The members of the request body that options set.
Json BodySettings(const Json& options) {
  Json settings = Json::MakeObject();
  for (const std::string_view name : {"temperature", "top_p"}) {
    if (const Json* value = GivenOption(options, name)) settings.Set(name, *value);
  }
  if (const Json* most = GivenOption(options, "max_tokens")) {
    settings.Set(options.StringOr("max_tokens_field", "max_tokens"), *most);
  }
  if (const Json* extra = GivenOption(options, "extra")) {
    for (const auto& [name, value] : extra->members()) settings.Set(name, value);
  }
  return settings;
}

/// What of the options decides an answer: the provider, the model and the body; not limits, prices, addresses or keys.
Json AnswerSettings(std::string_view provider, const Json& options) {
  Json settings = Json::MakeObject({{"provider", provider}, {"model", options.StringOr("model", "")}});
  if (provider == "scripted") {
    if (const Json* rules = GivenOption(options, "rules")) settings.Set("rules", *rules);
    settings.Set("fallback", options.StringOr("fallback", ""));
    return settings;
  }
  const Json body = BodySettings(options);
  for (const auto& [name, value] : body.members()) settings.Set(name, value);
  if (provider == "openai") settings.Set("send_seed", options.BoolOr("send_seed", true));
  // Only what differs from the default, so that older recordings still answer.
  if (options.StringOr("text_calls", "report") != "report") settings.Set("text_calls", "parse");
  if (!options.BoolOr("send_thought", true)) settings.Set("send_thought", false);
  return settings;
}

Expected<std::optional<Price>> StatedPrice(std::string_view provider, const Json& options) {
  const Json* price = GivenOption(options, "price");
  if (price == nullptr) return std::nullopt;
  TRY_ASSIGN(const Price stated, ReadPrice(*price, fmt::format("provider {}, price", provider)));
  return std::optional(stated);
}

Expected<Secret> KeyOf(std::string_view provider, const Json& options) {
  const std::string variable(options.StringOr("api_key_env", ""));
  if (variable.empty()) return Secret();
  Expected<Secret> key = Secret::FromEnvironment(variable);
  if (key) return key;
  return UserError(key.error().message +
                       "; for a server that wants no key write `api_key_env: \"\"`; to run without a "
                       "model use `--mode SHIM`",
                   fmt::format("provider {}", provider));
}

HttpRoute RouteOf(const Json& options) {
  HttpRoute route;
  const std::string proxy(options.StringOr("proxy", "environment"));
  route.proxy_from_environment = proxy == "environment";
  if (proxy != "environment" && proxy != "none") route.proxy = proxy;
  route.ca_file = options.StringOr("ca_file", "");
  route.decode = true;
  return route;
}

/// Values of `headers`, from the environment: keys as far as anybody can tell.
Status AddHeaders(std::string_view provider, const Json& options, Endpoint& endpoint) {
  const Json* headers = GivenOption(options, "headers");
  for (std::size_t i = 0; headers != nullptr && i < headers->size(); ++i) {
    const auto& [name, variable] = headers->members()[i];
    Expected<Secret> value = Secret::FromEnvironment(variable.AsString());
    if (!value) return UserError(value.error().message, fmt::format("provider {}, headers.{}", provider, name));
    endpoint.secret_headers.push_back({name, "", std::move(*value)});
  }
  return {};
}

/// `extra` may hold a key of its own.
bool SendsCacheKey(const Json& options) {
  const Json* extra = GivenOption(options, "extra");
  if (extra != nullptr && extra->Find("prompt_cache_key") != nullptr) return false;
  const std::string_view wanted = options.StringOr("prompt_cache", "auto");
  const std::string_view base = options.StringOr("base_url", "");
  return wanted == "key" ||
         (wanted == "auto" &&
          std::ranges::any_of(kServersWithCacheKey, [&](std::string_view server) { return base.starts_with(server); }));
}

Expected<Endpoint> MakeEndpoint(std::string_view provider, const Json& options, std::optional<Price> price) {
  TRY_ASSIGN(const Secret key, KeyOf(provider, options));
  Endpoint endpoint;
  const bool anthropic = provider == "anthropic";
  endpoint.url = JoinPath(options.StringOr("base_url", ""), anthropic ? "/messages" : "/chat/completions");
  endpoint.model = options.StringOr("model", "");
  endpoint.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (anthropic) endpoint.headers.push_back({"anthropic-version", "2023-06-01"});
  endpoint.secret_headers.push_back(anthropic ? SecretHeader{"x-api-key", "", key}
                                              : SecretHeader{"Authorization", "Bearer ", key});
  endpoint.timeouts = {Milliseconds(options, "connect_seconds"), Milliseconds(options, "first_byte_seconds"),
                       Milliseconds(options, "total_seconds")};
  endpoint.price = price;
  endpoint.settings = BodySettings(options);
  endpoint.send_seed = !anthropic && options.BoolOr("send_seed", true);
  endpoint.send_thought = options.BoolOr("send_thought", true);
  endpoint.null_content = options.BoolOr("null_content", true);
  endpoint.prompt_cache = options.StringOr("prompt_cache", "auto") != "off";
  endpoint.prompt_cache_key = !anthropic && SendsCacheKey(options);
  endpoint.parse_text_calls = options.StringOr("text_calls", "report") == "parse";
  endpoint.route = RouteOf(options);
  TRY(AddHeaders(provider, options, endpoint));
  return endpoint;
}

}  // namespace

Expected<Model*> ModelShelf::Get(std::string_view provider, const Json& options) {
  TRY_ASSIGN(const Json completed, Completed(provider, options));
  if (const auto faults = FaultsOfModelOptions(completed); !faults.empty()) {
    return UserError(faults.front().message, fmt::format("provider {}", provider));
  }
  const std::string key = fmt::format("{} {}", provider, completed.Dump());
  if (const auto found = models_.find(key); found != models_.end()) return found->second.get();
  TRY_ASSIGN(std::unique_ptr<Model> model, Make(provider, completed));
  return models_.emplace(key, std::move(model)).first->second.get();
}

Expected<std::optional<Price>> ModelShelf::PriceOf(std::string_view provider, const Json& options) const {
  TRY_ASSIGN(const Json completed, Completed(provider, options));
  return StatedPrice(provider, completed);
}

Expected<ModelBatches> ModelShelf::BatchesOf(std::string_view provider, const Json& options) const {
  TRY_ASSIGN(const Json completed, Completed(provider, options));
  const std::string where = fmt::format("provider {}", provider);
  if (const auto faults = FaultsOfModelOptions(completed); !faults.empty())
    return UserError(faults.front().message, where);
  const bool anthropic = provider == "anthropic";
  if (!anthropic && provider != "openai")
    return UserError("has no batch endpoint: its answers come from the config; leave --batch away", where);
  ModelBatches batches;
  TRY_ASSIGN(batches.price, StatedPrice(provider, completed));
  if (batches.price) batches.price = batches.price->Times(completed.DoubleOr("batch_price", kBatchPrice));
  TRY_ASSIGN(Endpoint endpoint, MakeEndpoint(provider, completed, batches.price));
  batches.answer_settings = AnswerSettings(provider, completed);
  batches.model = endpoint.model;
  batches.max_retries = static_cast<int>(completed.IntOr("max_retries", batches.max_retries));
  for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
    const Json* most = endpoint.settings.Find(name);
    if (most != nullptr && most->is_int()) batches.max_tokens = most->AsInt();
  }
  if (!batches.max_tokens && anthropic) batches.max_tokens = kAnthropicMaxTokens;
  BatchEndpoint there{std::move(endpoint), std::string(completed.StringOr("base_url", "")), batches.max_retries};
  CHECK(sources_.http != nullptr, "batches were asked for without a connection to the world");
  batches.api = anthropic ? MakeAnthropicBatches(*sources_.http, std::move(there))
                          : MakeOpenAiBatches(*sources_.http, std::move(there));
  return batches;
}

Expected<std::unique_ptr<Model>> ModelShelf::Make(std::string_view provider, const Json& options) {
  const Json settings = AnswerSettings(provider, options);
  if (sources_.replay) return MakeReplayModel(std::string(options.StringOr("model", "")), settings, sources_.replay);
  TRY_ASSIGN(std::unique_ptr<Model> model, MakeLive(provider, options));
  if (sources_.log != nullptr) model = MakeRecordingModel(std::move(model), settings, *sources_.log);
  if (sources_.reuse) model = MakeReusingModel(std::move(model), settings, sources_.reuse);
  return model;
}

Expected<std::unique_ptr<Model>> ModelShelf::MakeLive(std::string_view provider, const Json& options) {
  TRY_ASSIGN(const std::optional<Price> price, StatedPrice(provider, options));
  if (provider == "scripted") {
    const Json* rules = options.Find("rules");
    TRY_ASSIGN(std::unique_ptr<Model> scripted,
               MakeScriptedModel(std::string(options.StringOr("model", "")), rules == nullptr ? Json() : *rules,
                                 std::string(options.StringOr("fallback", "")), price));
    return MakeHookedModel(std::move(scripted), sources_.hooks);
  }
  TRY_ASSIGN(Endpoint endpoint, MakeEndpoint(provider, options, price));
  CHECK(sources_.http != nullptr, "a live model was asked for without a connection to the world");
  std::unique_ptr<Provider> speaks = provider == "anthropic"
                                         ? MakeAnthropicProvider(*sources_.http, std::move(endpoint))
                                         : MakeOpenAiProvider(*sources_.http, std::move(endpoint));
  return MakeLimitedModel(std::move(speaks), LimiterFor(options), sources_.hooks);
}

/// One gate for each server, key and set of limits.
std::shared_ptr<RateLimiter> ModelShelf::LimiterFor(const Json& options) {
  LimitSettings settings;
  settings.max_in_flight = static_cast<int>(options.IntOr("max_in_flight", settings.max_in_flight));
  settings.requests_per_minute = GivenNumber(options, "requests_per_minute");
  settings.tokens_per_minute = GivenNumber(options, "tokens_per_minute");
  settings.max_retries = static_cast<int>(options.IntOr("max_retries", settings.max_retries));
  const auto number = [](std::optional<double> value) { return value ? Json(*value) : Json(); };
  const Json key =
      Json::MakeArray({options.StringOr("base_url", ""), options.StringOr("api_key_env", ""), settings.max_in_flight,
                       number(settings.requests_per_minute), number(settings.tokens_per_minute), settings.max_retries});
  std::shared_ptr<RateLimiter>& limiter = limiters_[key.Dump()];
  if (!limiter) limiter = std::make_shared<RateLimiter>(sources_.http->loop(), settings, sources_.rate_share);
  return limiter;
}

}  // namespace xsweep
