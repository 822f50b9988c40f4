// xsweep probe: one tiny call to every model that a config names, before a sweep is paid for.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/shared_flags.h"
#include "models/shelf.h"
#include "sweep/experiment.h"

namespace xsweep {
namespace {

/// What one call has shown. Empty: it did not show that.
struct Finding {
  std::string role;
  PartConfig model;
  bool reachable = false;
  std::optional<bool> known;
  std::string tools = "not needed";  ///< of the agent: called, as text, ignored, no answer, refused, unknown
  std::optional<Price> price;
  std::string problem;
  std::string advice;  ///< nothing is broken, but a run would not be what it seems
  Usage usage;

  bool good() const { return problem.empty(); }
};

/// Every model that some cell gives a role, once.
std::vector<Finding> ModelsOf(const Plan& plan) {
  std::vector<Finding> findings;
  for (const std::string_view role : kWords<Role>) {
    for (const Cell& cell : plan.cells()) {
      const auto& model = ModelOf(cell.models, role);
      const auto same = [&](const Finding& finding) { return finding.role == role && finding.model == *model; };
      if (!model || std::ranges::any_of(findings, same)) continue;
      Finding finding;
      finding.role = role;
      finding.model = *model;
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

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
    request.tools.push_back({"word_of_the_day", "Tells the word of the day.",
                             Json::MakeObject({{"type", "object"}, {"properties", Json::MakeObject()}})});
  }
  return request;
}

/// What became of the one call that the question cannot do without.
void LearnAboutTools(const ModelReply& reply, Finding& finding) {
  if (!reply.calls.empty() && reply.no_answer == NoAnswer::kNone) {
    finding.tools = "called";
  } else if (reply.no_answer == NoAnswer::kCallInText || reply.no_answer == NoAnswer::kCallInThought) {
    finding.tools = "as text";
    finding.advice =
        "the server leaves the model's calls in the text; start it with a parser for them, or write "
        "`text_calls: parse`";
  } else if (reply.no_answer == NoAnswer::kNone) {
    finding.tools = "ignored";
    finding.advice = "the model answered without the tool that it was told to call; with it an agent may never act";
  } else {
    finding.tools = "no answer";
    finding.advice = "its reply " + DescribeNoAnswer(reply.no_answer, reply);
  }
}

bool Says(const Error& error, std::string_view words) { return error.message.find(words) != std::string::npos; }

void LearnFromFailure(const Error& error, Finding& finding) {
  finding.problem = error.Text();
  finding.reachable = Says(error, "the server answered") || Says(error, "the reply of the model server");
  if (finding.reachable && (Says(error, "answered 404") || Says(error, "model_not_found"))) finding.known = false;
}

/// The agent is asked with a tool; when that fails, once more without, to tell a server that has no tools.
Async<bool> Ask(Model& model, Finding& finding) {
  const bool with_tool = finding.role == "agent";
  const ModelRequest question = Question(with_tool);
  auto reply = co_await model.Complete(question);
  if (reply) {
    finding.reachable = true;
    finding.known = true;
    finding.usage = reply->usage;
    if (with_tool) LearnAboutTools(*reply, finding);
    co_return true;
  }
  LearnFromFailure(reply.error(), finding);
  if (!with_tool) co_return false;
  finding.tools = "unknown";
  if (!finding.reachable || finding.known.has_value()) co_return false;
  const ModelRequest plain = Question(false);
  auto second = co_await model.Complete(plain);
  if (second) {
    finding.known = true;
    finding.tools = "refused";
  }
  co_return false;
}

Status Probe(std::vector<Finding>& findings) {
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  Http http(*loop);
  ModelShelf shelf({.http = &http});
  std::vector<Model*> models;
  for (Finding& finding : findings) {
    const auto model = shelf.Get(finding.model.name, TinyCall(finding.model));
    if (!model) return UserError(model.error().Text() + "; see .env.example", "models." + finding.role);
    models.push_back(*model);
    TRY_ASSIGN(finding.price, shelf.PriceOf(finding.model.name, finding.model.options));
  }
  for (std::size_t i = 0; i < findings.size(); ++i) loop->Spawn(Ask(*models[i], findings[i]), [](bool) {});
  loop->RunSpawned();
  return {};
}

std::string PriceWords(const std::optional<Price>& price) {
  if (!price) return "unknown";
  return fmt::format("{:g}/{:g}", price->input_usd_per_million, price->output_usd_per_million);
}

std::string YesNo(const std::optional<bool>& value) { return !value ? "unknown" : *value ? "yes" : "no"; }

void PrintTable(const std::vector<Finding>& findings) {
  std::size_t width = 5;
  for (const Finding& finding : findings) width = std::max(width, finding.model.options.StringOr("model", "").size());
  Print(fmt::format("{:<8}  {:<{}}  {:<9}  {:<9}  {:<11}  {:<20}  {}\n", "role", "model", width, "reachable", "known",
                    "tools", "USD per million, in/out", "tokens"));
  for (const Finding& finding : findings) {
    Print(fmt::format("{:<8}  {:<{}}  {:<9}  {:<9}  {:<11}  {:<23}  {}\n", finding.role,
                      finding.model.options.StringOr("model", ""), width, finding.reachable ? "yes" : "no",
                      YesNo(finding.known), finding.tools, PriceWords(finding.price),
                      finding.usage.prompt_tokens + finding.usage.completion_tokens));
  }
}

Json AsJson(const std::vector<Finding>& findings) {
  Json list = Json::MakeArray({});
  for (const Finding& finding : findings) {
    const Json price = !finding.price ? Json()
                                      : Json::MakeObject({{"input", finding.price->input_usd_per_million},
                                                          {"output", finding.price->output_usd_per_million}});
    list.Append(Json::MakeObject({{"role", finding.role},
                                  {"provider", finding.model.name},
                                  {"model", finding.model.options.StringOr("model", "")},
                                  {"reachable", finding.reachable},
                                  {"known", finding.known ? Json(*finding.known) : Json()},
                                  {"tools", finding.tools},
                                  {"price", price},
                                  {"problem", finding.good() ? Json() : Json(finding.problem)},
                                  {"advice", finding.advice.empty() ? Json() : Json(finding.advice)}}));
  }
  return list;
}

}  // namespace

Expected<int> ProbeCommand(const Invocation& invocation) {
  std::string config;
  bool json = false;
  OverrideFlags overrides;
  Arguments arguments("probe",
                      "Makes one tiny call for every model that a config names: reachable, known, tools, price.",
                      "xsweep probe configs/real_airline_v1/run.yaml");
  arguments.Positional("config", &config, "the config, a YAML file").Flag("--json", &json, "print JSON");
  DeclareOverrides(arguments, overrides);
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  if (help) {
    Print(*help);
    return kExitDone;
  }
  TRY_ASSIGN(const Overrides changes, overrides.ToOverrides());
  TRY_ASSIGN(const Experiment experiment, OpenExperiment(config, changes));
  std::vector<Finding> findings = ModelsOf(experiment.plan);
  if (findings.empty()) return UserError("names no models, so there is nothing to probe", config);
  TRY(Probe(findings));
  json ? Print(AsJson(findings).Dump() + "\n") : PrintTable(findings);
  for (const Finding& finding : findings) {
    if (!finding.good()) PrintNote(fmt::format("xsweep: models.{}: {}", finding.role, finding.problem));
    if (!finding.advice.empty()) PrintNote(fmt::format("note: models.{}: {}", finding.role, finding.advice));
  }
  return std::ranges::all_of(findings, &Finding::good) ? kExitDone : kExitInvalid;
}

}  // namespace xsweep
