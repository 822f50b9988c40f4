// The options of the providers, and what their table cannot say.
// SPDX-License-Identifier: Apache-2.0
#include "models/provider_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/system/key_shape.h"
#include "base/text.h"
#include "base/wire_text.h"
#include "models/wires/price.h"

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
      Number("batch_price", kNumber, "What a question in a batch costs of `price` (`rejudge --batch`); absent: 0.5.",
             {}, 0, 1),
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

/// A key anywhere in a value that is sent as it stands.
bool HoldsKey(std::string_view name, const Json& value) {
  if (value.is_string()) {
    return LooksLikeKey(value.AsString()) || (NamesAKey(name) && value.AsString().size() >= 16);
  }
  if (value.is_array()) {
    return std::ranges::any_of(value.items(), [&](const Json& item) { return HoldsKey(name, item); });
  }
  return value.is_object() &&
         std::ranges::any_of(value.members(), [](const auto& member) { return HoldsKey(member.first, member.second); });
}

/// Pasted where a model's name belongs; names of models begin with none of these.
bool IsKeyNotModel(std::string_view name) {
  constexpr std::string_view kStarts[] = {"sk-", "sk_", "gsk_", "AIza", "nvapi-", "ghp_", "hf_", "Bearer ", "eyJ"};
  return name.size() >= 20 && LooksLikeKey(name) &&
         std::ranges::any_of(kStarts, [&](std::string_view start) { return name.starts_with(start); });
}

/// The faults of one provider's options, one kind of option after the other.
class OptionFaults {
 public:
  explicit OptionFaults(const Json& options) : options_(options) {}
  std::vector<Error> Find() {
    InBaseUrl();
    InKeyVariable();
    InModel();
    InPrice();
    InProxy();
    InHeaders();
    if (const Json* extra = GivenOption(options_, "extra"); extra != nullptr && extra->is_object()) InExtra(*extra);
    return std::move(faults_);
  }

 private:
  void Fault(std::string message, std::string option) {
    faults_.push_back({ErrorKind::kUser, std::move(message), std::move(option)});
  }
  /// Null where it is not given, or no string, which the table faults.
  const std::string* Text(std::string_view name) const {
    const Json* value = GivenOption(options_, name);
    return value != nullptr && value->is_string() ? &value->AsString() : nullptr;
  }
  void InBaseUrl() {
    const std::string* base = Text("base_url");
    if (base == nullptr) return;
    const std::string key = KeyInAddress(*base);
    if (!base->starts_with("http://") && !base->starts_with("https://")) {
      const bool shown = key.empty() && !LooksLikeKey(*base);
      Fault(fmt::format("`base_url{}` is no http:// or https:// address", shown ? fmt::format(": {}", *base) : ""),
            "base_url");
    } else if (!key.empty()) {
      Fault(fmt::format("`base_url` {}", key), "base_url");
    }
  }
  void InKeyVariable() {
    const std::string* name = Text("api_key_env");
    if (name == nullptr || name->empty()) return;
    if (!NamesAVariable(*name)) {
      Fault("`api_key_env` must be the name of an environment variable, such as OPENAI_API_KEY, and not the key itself",
            "api_key_env");
    }
  }
  void InModel() {
    const std::string* model = Text("model");
    if (model != nullptr && IsKeyNotModel(*model))
      Fault("`model` must be the name of a model; what stands there looks like a key", "model");
  }
  void InPrice() {
    const Json* price = GivenOption(options_, "price");
    if (price == nullptr) return;
    if (const auto read = ReadPrice(*price, "price"); !read) faults_.push_back(read.error());
  }
  void InProxy() {
    const std::string* way = Text("proxy");
    if (way == nullptr) return;
    if (way->contains('@')) {
      Fault(
          "`proxy` must not carry a user name or password; put the address into https_proxy and write `proxy: "
          "environment`",
          "proxy");
    } else if (*way != "environment" && *way != "none" && !way->contains("://")) {
      Fault("`proxy` is environment, none, or an address like http://proxy.example:3128", "proxy");
    }
  }
  void InHeaders() {
    const Json* headers = GivenOption(options_, "headers");
    if (headers == nullptr || !headers->is_object()) return;
    for (const auto& [name, variable] : headers->members()) {
      if (!IsHeaderName(name)) Fault("`headers` holds a name that no header can have", "headers");
      if (!variable.is_string() || !NamesAVariable(variable.AsString())) {
        Fault(fmt::format("`headers.{}` must name an environment variable that holds the value", Printable(name)),
              "headers");
      }
    }
  }
  void InExtra(const Json& extra) {
    for (const auto& [name, value] : extra.members()) {
      if (HoldsKey(name, value))
        Fault(fmt::format("`extra.{}` looks like a key, and a config is written into every run; name the environment "
                          "variable that holds it in `api_key_env`",
                          name),
              "extra");
    }
    for (const std::string_view ours : kOurMembers) {
      if (extra.Find(ours) != nullptr)
        Fault(fmt::format("`extra` cannot set `{}`, which the program itself writes", ours), "extra");
    }
    for (const std::string_view option : {"temperature", "top_p", "max_tokens"}) {
      if (extra.Find(option) != nullptr && GivenOption(options_, option) != nullptr)
        Fault(fmt::format("`{}` stands both in `extra` and beside it", option), "extra");
    }
    if (const Json* stream = extra.Find("stream"); stream != nullptr && *stream != Json(false))
      Fault("`extra` cannot set `stream`: replies are read as a whole", "extra");
  }

  const Json& options_;
  std::vector<Error> faults_;
};

}  // namespace

const Json* GivenOption(const Json& options, std::string_view name) {
  const Json* value = options.Find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::vector<Error> FaultsOfModelOptions(const Json& options) { return OptionFaults(options).Find(); }

std::vector<PartSpec> ProviderTable() { return {OpenAiSpec(), AnthropicSpec(), ScriptedSpec()}; }

}  // namespace xsweep
