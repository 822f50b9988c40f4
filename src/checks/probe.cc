// Probe: one tiny call to every model that a config names.
// SPDX-License-Identifier: Apache-2.0
#include "checks/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/shelf.h"

namespace xsweep {
namespace {

/// The model's own options, but short-lived: a short reply with room for some thought, one retry, half a minute.
Json TinyCall(const PartConfig& model) {
  Json options = model.options;
  if (model.name == "scripted") return options;
  options.Set("max_tokens", std::min<std::int64_t>(512, options.IntOr("max_tokens", 512)));
  options.Set("max_retries", 1);
  for (const char* patience : {"first_byte_seconds", "total_seconds"}) {
    options.Set(patience, std::min(30.0, options.DoubleOr(patience, 30)));
  }
  return options;
}

ModelRequest Question(bool with_tool) {
  ModelRequest request;
  request.identity.cell = "probe";
  request.system = with_tool ? "Use your tools: you know nothing of your own." : "Answer in one word.";
  Message message;
  message.text =
      with_tool ? "What is the word of the day? Only the tool `word_of_the_day` knows it; call it now." : "Say yes.";
  request.messages.push_back(std::move(message));
  if (with_tool) {
    request.tools =
        std::vector<ToolSchema>{{"word_of_the_day", "Tells the word of the day.",
                                 Json::MakeObject({{"type", "object"}, {"properties", Json::MakeObject()}})}};
  }
  return request;
}

/// What became of the one call that the question cannot do without.
void LearnAboutTools(const ModelReply& reply, ModelProbe& probe) {
  if (!reply.calls.empty() && reply.no_answer == NoAnswer::kNone) {
    probe.tools = "called";
  } else if (reply.no_answer == NoAnswer::kCallInText || reply.no_answer == NoAnswer::kCallInThought) {
    probe.tools = "as text";
    probe.advice =
        "the server leaves the model's calls in the text; start it with a parser for them, or write "
        "`text_calls: parse`";
  } else if (reply.no_answer == NoAnswer::kNone) {
    probe.tools = "ignored";
    probe.advice = "the model answered without the tool that it was told to call; with it an agent may never act";
  } else {
    probe.tools = "no answer";
    probe.advice = "its reply " + DescribeNoAnswer(reply.no_answer, reply);
  }
}

bool Says(const Error& error, std::string_view words) { return error.message.find(words) != std::string::npos; }

void LearnFromFailure(const Error& error, ModelProbe& probe) {
  probe.problem = error.Text();
  probe.reachable = Says(error, "the server answered") || Says(error, "the reply of the model server");
  if (probe.reachable && (Says(error, "answered 404") || Says(error, "model_not_found"))) probe.known = false;
}

/// The agent is asked with a tool; when that fails, once more without, to tell a server that has no tools.
Async<bool> Ask(Model& model, ModelProbe& probe) {
  const bool with_tool = probe.role == NameOf(Role::kAgent);
  const ModelRequest question = Question(with_tool);
  auto reply = co_await model.Complete(question);
  if (reply) {
    probe.reachable = true;
    probe.known = true;
    probe.usage = reply->usage;
    if (with_tool) LearnAboutTools(*reply, probe);
    co_return true;
  }
  LearnFromFailure(reply.error(), probe);
  if (!with_tool) co_return false;
  probe.tools = "unknown";
  if (!probe.reachable || probe.known.has_value()) co_return false;
  const ModelRequest plain = Question(false);
  auto second = co_await model.Complete(plain);
  if (second) {
    probe.known = true;
    probe.tools = "refused";
  }
  co_return false;
}

std::string PriceWords(const std::optional<Price>& price) {
  if (!price) return "unknown";
  return fmt::format("{:g}/{:g}", price->input_usd_per_million, price->output_usd_per_million);
}

std::string YesNo(const std::optional<bool>& value) { return !value ? "unknown" : *value ? "yes" : "no"; }

}  // namespace

std::vector<ModelProbe> ModelsToProbe(const Plan& plan) {
  std::vector<ModelProbe> probes;
  for (const std::string_view role : kWords<Role>) {
    for (const Cell& cell : plan.cells()) {
      const auto& model = ModelOf(cell.models, role);
      const auto same = [&](const ModelProbe& probe) { return probe.role == role && probe.model == *model; };
      if (!model || std::ranges::any_of(probes, same)) continue;
      ModelProbe probe;
      probe.role = role;
      probe.model = *model;
      probes.push_back(std::move(probe));
    }
  }
  return probes;
}

Status ProbeModels(std::vector<ModelProbe>& probes) {
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  Http http(*loop);
  ModelShelf shelf({.http = &http});
  std::vector<Model*> models;
  for (ModelProbe& probe : probes) {
    const auto model = shelf.Get(probe.model.name, TinyCall(probe.model));
    if (!model) return UserError(model.error().Text() + "; see .env.example", "models." + probe.role);
    models.push_back(*model);
    TRY_ASSIGN(probe.price, shelf.PriceOf(probe.model.name, probe.model.options));
  }
  for (std::size_t i = 0; i < probes.size(); ++i) loop->Spawn(Ask(*models[i], probes[i]), [](bool) {});
  loop->RunSpawned();
  return {};
}

std::string ProbeTable(const std::vector<ModelProbe>& probes) {
  std::size_t width = 5;
  for (const ModelProbe& probe : probes) width = std::max(width, probe.model.options.StringOr("model", "").size());
  std::string table = fmt::format("{:<8}  {:<{}}  {:<9}  {:<9}  {:<11}  {:<20}  {}\n", "role", "model", width,
                                  "reachable", "known", "tools", "USD per million, in/out", "tokens");
  for (const ModelProbe& probe : probes) {
    table += fmt::format("{:<8}  {:<{}}  {:<9}  {:<9}  {:<11}  {:<23}  {}\n", probe.role,
                         probe.model.options.StringOr("model", ""), width, probe.reachable ? "yes" : "no",
                         YesNo(probe.known), probe.tools, PriceWords(probe.price),
                         probe.usage.prompt_tokens + probe.usage.completion_tokens);
  }
  return table;
}

Json ProbesAsJson(const std::vector<ModelProbe>& probes) {
  Json list = Json::MakeArray({});
  for (const ModelProbe& probe : probes) {
    const Json price = !probe.price ? Json()
                                    : Json::MakeObject({{"input", probe.price->input_usd_per_million},
                                                        {"output", probe.price->output_usd_per_million}});
    list.Append(Json::MakeObject({{"role", probe.role},
                                  {"provider", probe.model.name},
                                  {"model", probe.model.options.StringOr("model", "")},
                                  {"reachable", probe.reachable},
                                  {"known", probe.known ? Json(*probe.known) : Json()},
                                  {"tools", probe.tools},
                                  {"price", price},
                                  {"problem", probe.good() ? Json() : Json(probe.problem)},
                                  {"advice", probe.advice.empty() ? Json() : Json(probe.advice)}}));
  }
  return list;
}

}  // namespace xsweep
