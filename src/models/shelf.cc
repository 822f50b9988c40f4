// The providers by name, and the shelf that makes models of them: the one place that knows how models wrap models.
// SPDX-License-Identifier: Apache-2.0
#include "models/shelf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "base/options/check_options.h"
#include "base/system/key_shape.h"
#include "base/text.h"
#include "models/scripted.h"
#include "models/wires/anthropic.h"
#include "models/wires/chat.h"

namespace xsweep {
namespace {

OptionSpec Option(std::string name, OptionType type, std::string help, Json fallback = {}) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.type = type;
  spec.help = std::move(help);
  spec.fallback = std::move(fallback);
  return spec;
}

OptionSpec Number(std::string name, OptionType type, std::string help, Json fallback, double minimum,
                  std::optional<double> maximum = {}) {
  OptionSpec spec = Option(std::move(name), type, std::move(help), std::move(fallback));
  spec.minimum = minimum;
  spec.maximum = maximum;
  return spec;
}

OptionSpec Choice(std::string name, std::vector<std::string> choices, std::string help) {
  OptionSpec spec = Option(std::move(name), OptionType::kString, std::move(help), choices.front());
  spec.choices = std::move(choices);
  return spec;
}

std::vector<OptionSpec> NetworkOptions(const char* base_url, const char* key) {
  using enum OptionType;
  OptionSpec model = Option("model", kString, "The model as the server names it.");
  model.required = true;
  return {
      model,
      Option("base_url", kString, "Where the API lives, up to the version.", base_url),
      Option("api_key_env", kString, "The environment variable that holds the key; empty for servers without one.",
             key),
      Number("temperature", kNumber, "Sampling temperature; absent: the server's default.", {}, 0, 2),
      Number("top_p", kNumber, "Nucleus sampling; absent: the server's default.", {}, 0, 1),
      Number("max_tokens", kInteger, "Most tokens of one reply.", {}, 1),
      Option("extra", kMapping, "More members of the request body, sent as they are."),
      Option("price", kMapping,
             "{input: USD, output: USD} per million tokens, with `cached_input` and `cache_write` where they differ; "
             "before `prices` and the list that the program carries."),
      Number("max_in_flight", kInteger, "Most calls at once to this server.", 64, 1, 100000),
      Number("requests_per_minute", kNumber, "A rate that the server allows; absent: learned from its 429s.", {}, 0.01),
      Number("tokens_per_minute", kNumber, "Prompt and completion tokens that the server allows.", {}, 1),
      Number("max_retries", kInteger, "Attempts after the first; 0 turns retries off.", 6, 0, 100),
      Number("connect_seconds", kNumber, "Patience for a connection.", 10, 0.001, 3600),
      Number("first_byte_seconds", kNumber,
             "Patience until an answer begins; an unstreamed answer begins when it is complete.", 600, 0.001, 86400),
      Number("total_seconds", kNumber, "Patience for a whole call.", 600, 0.001, 86400),
      Option("proxy", kString,
             "The way out: `environment` (http_proxy, https_proxy, all_proxy, no_proxy), `none`, or the address of a "
             "proxy. A server on this machine is never asked through one.",
             "environment"),
      Option("ca_file", kString, "A PEM file of the certificates to trust, in place of the system's.", ""),
      Option("headers", kMapping, "More headers: {NAME: environment variable}; their values are kept as keys are."),
      Choice("text_calls", {"report", "parse"},
             "A call that the server left in the text: report (no answer, counted by name) or parse (made)."),
      Option("send_thought", kBool, "Send the model's thought back where its server wants it.", true),
      Choice("prompt_cache", {"auto", "off", "key"},
             "What servers are told so that they keep what prompts begin with: auto (Anthropic's marks; the key at "
             "api.openai.com and api.mistral.ai), off (nothing), key (`prompt_cache_key`, to this server too)."),
  };
}

/// Members of a request that `extra` must leave alone.
constexpr std::string_view kOurMembers[] = {"model", "messages", "tools", "system", "n"};

/// Servers whose documentation names `prompt_cache_key`; others may refuse a member that they do not know.
constexpr std::string_view kServersWithCacheKey[] = {"https://api.openai.com/", "https://api.mistral.ai/"};

PartSpec OpenAiSpec() {
  using enum OptionType;
  std::vector<OptionSpec> options = NetworkOptions("https://api.openai.com/v1", "OPENAI_API_KEY");
  OptionSpec field = Option("max_tokens_field", kString, "What the server calls `max_tokens`.", "max_tokens");
  field.choices = {"max_tokens", "max_completion_tokens"};
  options.push_back(field);
  options.push_back(Option("send_seed", kBool, "Send a seed drawn from seed, task and trial.", true));
  options.push_back(Option("null_content", kBool, "Send null beside calls without a word; false sends \"\".", true));
  return {"openai", "Any OpenAI-compatible server: OpenAI, Groq, vLLM, Ollama, llama.cpp, LiteLLM.",
          std::move(options)};
}

PartSpec AnthropicSpec() {
  std::vector<OptionSpec> options = NetworkOptions("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY");
  std::ranges::find(options, "temperature", &OptionSpec::name)->maximum = 1;
  std::ranges::find(options, "prompt_cache", &OptionSpec::name)->choices = {"auto", "off"};
  return {"anthropic", "Anthropic's Messages API.", std::move(options)};
}

PartSpec ScriptedSpec() {
  using enum OptionType;
  return {"scripted",
          "Rules in the config instead of a model; no key, no network.",
          {Option("model", kString, "A name for the files.", "scripted"),
           Option("rules", kList, "The first rule that matches answers; see docs."),
           Option("fallback", kString, "What is said when no rule matches.", "I have nothing to add."),
           Option("price", kMapping, "{input: USD, output: USD} per million tokens.")}};
}

Expected<Json> Completed(std::string_view provider, const Json& options) {
  const std::vector<PartSpec> table = ProviderTable();
  const PartFamily family{.noun = "provider", .name_key = "provider", .specs = &table};
  const PartSpec* spec = FindSpec(table, provider);
  if (spec == nullptr) return std::unexpected(UnknownPart(family, provider));
  return CompleteOptions(*spec, options, family, fmt::format("provider {}", provider));
}

const Json* Given(const Json& options, std::string_view name) {
  const Json* value = options.Find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != std::string_view::npos;
  });
}

std::optional<double> GivenNumber(const Json& options, std::string_view name) {
  const Json* value = Given(options, name);
  return value == nullptr ? std::nullopt : std::optional(value->AsDouble());
}

std::chrono::milliseconds Milliseconds(const Json& options, std::string_view name) {
  return std::chrono::milliseconds(std::llround(options.DoubleOr(name, 0) * 1000));
}

/// The members of the request body that options set.
Json BodySettings(const Json& options) {
  Json settings = Json::MakeObject();
  for (const std::string_view name : {"temperature", "top_p"}) {
    if (const Json* value = Given(options, name)) settings.Set(name, *value);
  }
  if (const Json* most = Given(options, "max_tokens")) {
    settings.Set(options.StringOr("max_tokens_field", "max_tokens"), *most);
  }
  if (const Json* extra = Given(options, "extra")) {
    for (const auto& [name, value] : extra->members()) settings.Set(name, value);
  }
  return settings;
}

/// What of the options decides an answer: the provider, the model and the body; not limits, prices, addresses or keys.
Json AnswerSettings(std::string_view provider, const Json& options) {
  Json settings = Json::MakeObject({{"provider", provider}, {"model", options.StringOr("model", "")}});
  if (provider == "scripted") {
    if (const Json* rules = Given(options, "rules")) settings.Set("rules", *rules);
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
  const Json* price = Given(options, "price");
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

/// `base` with `path` behind it; a query stays behind the path.
std::string JoinPath(std::string_view base, std::string_view path) {
  const std::size_t query = std::min(base.find('?'), base.size());
  std::string_view bare = base.substr(0, query);
  while (bare.ends_with('/')) bare.remove_suffix(1);
  return fmt::format("{}{}{}", bare, path, base.substr(query));
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
  const Json* headers = Given(options, "headers");
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
  const Json* extra = Given(options, "extra");
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

std::vector<Error> FaultsOfModelOptions(const Json& options) {
  std::vector<Error> faults;
  const auto fault = [&](std::string message, std::string option) {
    faults.push_back({ErrorKind::kUser, std::move(message), std::move(option)});
  };
  if (const Json* url = Given(options, "base_url"); url != nullptr && url->is_string()) {
    const std::string_view base = url->AsString();
    const std::string key = KeyInAddress(base);
    if (!base.starts_with("http://") && !base.starts_with("https://")) {
      const bool shown = key.empty() && !LooksLikeKey(base);
      fault(fmt::format("`base_url{}` is no http:// or https:// address", shown ? fmt::format(": {}", base) : ""),
            "base_url");
    } else if (!key.empty()) {
      fault(fmt::format("`base_url` {}", key), "base_url");
    }
  }
  if (const Json* variable = Given(options, "api_key_env"); variable != nullptr && variable->is_string()) {
    const std::string& name = variable->AsString();
    const bool set = IsVariableName(name) && std::getenv(name.c_str()) != nullptr;
    if (!name.empty() && (!IsVariableName(name) || (LooksLikeKey(name) && !set))) {
      fault("`api_key_env` must be the name of an environment variable, such as OPENAI_API_KEY, and not the key itself",
            "api_key_env");
    }
  }
  if (const Json* price = Given(options, "price")) {
    if (const auto read = ReadPrice(*price, "price"); !read) faults.push_back(read.error());
  }
  if (const Json* proxy = Given(options, "proxy"); proxy != nullptr && proxy->is_string()) {
    const std::string_view way = proxy->AsString();
    const bool address = way.find("://") != std::string_view::npos;
    if (way.find('@') != std::string_view::npos) {
      fault(
          "`proxy` must not carry a user name or password; put the address into https_proxy and write `proxy: "
          "environment`",
          "proxy");
    } else if (way != "environment" && way != "none" && !address) {
      fault("`proxy` is environment, none, or an address like http://proxy.example:3128", "proxy");
    }
  }
  if (const Json* headers = Given(options, "headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, variable] : headers->members()) {
      if (!IsHeaderName(name)) fault("`headers` holds a name that no header can have", "headers");
      if (!variable.is_string() || !IsVariableName(variable.AsString())) {
        fault(fmt::format("`headers.{}` must name an environment variable that holds the value", Printable(name)),
              "headers");
      }
    }
  }
  const Json* extra = Given(options, "extra");
  if (extra == nullptr || !extra->is_object()) return faults;
  for (const auto& [name, value] : extra->members()) {
    if (value.is_string() && (LooksLikeKey(value.AsString()) || (NamesAKey(name) && value.AsString().size() >= 16)))
      fault(fmt::format("`extra.{}` looks like a key, and a config is written into every run; name the environment "
                        "variable that holds it in `api_key_env`",
                        name),
            "extra");
  }
  for (const std::string_view ours : kOurMembers) {
    if (extra->Find(ours) != nullptr)
      fault(fmt::format("`extra` cannot set `{}`, which the program itself writes", ours), "extra");
  }
  for (const std::string_view option : {"temperature", "top_p", "max_tokens"}) {
    if (extra->Find(option) != nullptr && Given(options, option) != nullptr)
      fault(fmt::format("`{}` stands both in `extra` and beside it", option), "extra");
  }
  if (const Json* stream = extra->Find("stream"); stream != nullptr && *stream != Json(false))
    fault("`extra` cannot set `stream`: replies are read as a whole", "extra");
  return faults;
}

std::vector<PartSpec> ProviderTable() { return {OpenAiSpec(), AnthropicSpec(), ScriptedSpec()}; }

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
