// MlflowExport: a run in an MLflow tracking server, over its REST interface.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/write_mlflow.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "net/client/http.h"
#include "net/io_loop.h"

namespace xsweep {
namespace {

constexpr std::string_view kApi = "/api/2.0/mlflow/";
/// What a tag, a parameter and a description may hold.
/// A server refuses tags beyond 5,000 characters, parameters beyond 6,000, and more than 100 parameters in a call.
constexpr std::size_t kLongestTag = 4900, kLongestParameter = 5900;
constexpr std::size_t kBatch = 90;

std::string PercentEncoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").contains(c);
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string Cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  constexpr std::string_view kMore = "\n\n(cut here; the whole text is in the artifacts)";
  text.resize(WholeCharacters(text, most - kMore.size()).size());
  return text.append(kMore);
}

Json Pair(std::string_view key, std::string_view value) { return Json::MakeObject({{"key", key}, {"value", value}}); }

/// In MLflow's words; it knows no run that ended early by itself, but one that was stopped.
std::string_view EndedAs(const RunFindings& run) {
  if (run.status == RunStatus::kFailed) return "FAILED";
  return Finished(run) ? "FINISHED" : "KILLED";
}

/// Letters, digits and what MLflow allows beside them.
std::string MetricName(std::string_view name) {
  // A key of more than 250 characters is refused.
  std::string out(name.substr(0, 240));
  std::ranges::replace_if(
      out,
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("_-. /").contains(c));
      },
      '_');
  return out;
}

class Sender {
 public:
  Sender(IoLoop& loop, const MlflowServer& server, const ExportedRun& run)
      : http_(loop), server_(server), run_(run), began_(UnixNanoseconds(run.manifest.timestamp_utc) / 1'000'000) {}

  // gcc 12 miscompiles braced temporaries in an awaited expression: everything is named before it is awaited.
  Async<Expected<std::string>> Send(std::vector<std::filesystem::path> artifacts) {
    auto experiment_asked = Experiment();
    CO_TRY_ASSIGN(const std::string experiment, co_await experiment_asked);
    auto created = Create(experiment, run_.manifest.run_id, SweepTags());
    CO_TRY_ASSIGN(const Json sweep, co_await created);
    const std::string id(sweep.StringOr("run_id", ""));
    auto logged = Log(id, SweepMetrics(), SweepParameters());
    CO_TRY(co_await logged);
    // The sweep's run ends last: until then the server shows it as running, and a send that broke off is seen as such.
    for (const ExportedCell& cell : run_.cells) {
      auto sent = SendCell(experiment, id, cell);
      CO_TRY(co_await sent);
    }
    for (const std::filesystem::path& file : artifacts) {
      auto put = PutArtifact(sweep, file);
      CO_TRY(co_await put);
    }
    auto ended = End(id);
    CO_TRY(co_await ended);
    co_return fmt::format("{}/#/experiments/{}/runs/{}", server_.url, experiment, id);
  }

 private:
  Async<Expected<Json>> Call(std::string method, std::string path, Json body, bool absent_is_null = false) {
    HttpRequest request;
    request.method = std::move(method);
    request.url = server_.url + path;
    if (!body.is_null()) {
      request.headers.push_back({"Content-Type", "application/json"});
      request.body = body.Dump();
    }
    if (!server_.token.empty()) request.secret_headers.push_back({"Authorization", "Bearer ", server_.token});
    const std::string where = request.url;
    auto sent = http_.Call(std::move(request));
    auto response = co_await sent;
    if (!response) co_return std::unexpected(response.error().error);
    // Asked for an experiment by its name, a server says 404 where there is none yet.
    if (response->status == 404 && absent_is_null) co_return Json();
    if (response->status / 100 != 2)
      co_return WorldError(fmt::format("the server answered {}: {}", response->status, Printable(response->body, 300)),
                           where);
    auto json = Json::Parse(response->body.empty() ? "{}" : response->body, where);
    if (!json) co_return WorldError("the server's answer is no JSON; is it an MLflow tracking server?", where);
    co_return std::move(*json);
  }
  Async<Expected<Json>> Post(std::string_view call, Json body) {
    return Call("POST", std::string(kApi) + std::string(call), std::move(body));
  }
  Async<Expected<std::string>> Experiment() {
    const std::string name = run_.manifest.exp;
    auto asked = Call("GET", fmt::format("{}experiments/get-by-name?experiment_name={}", kApi, PercentEncoded(name)),
                      Json(), true);
    CO_TRY_ASSIGN(const Json found, co_await asked);
    if (const Json* experiment = found.Find("experiment"))
      co_return std::string(experiment->StringOr("experiment_id", ""));
    Json body = Json::MakeObject();
    body.Set("name", name);
    auto made = Post("experiments/create", std::move(body));
    CO_TRY_ASSIGN(const Json answer, co_await made);
    co_return std::string(answer.StringOr("experiment_id", ""));
  }
  Async<Expected<Json>> Create(std::string experiment, std::string name, Json tags) {
    Json body = Json::MakeObject();
    body.Set("experiment_id", experiment);
    body.Set("run_name", name);
    body.Set("start_time", began_);
    body.Set("tags", std::move(tags));
    auto asked = Post("runs/create", std::move(body));
    CO_TRY_ASSIGN(const Json made, co_await asked);
    const Json* run = made.Find("run");
    const Json* info = run == nullptr ? nullptr : run->Find("info");
    if (info == nullptr || info->StringOr("run_id", "").empty())
      co_return WorldError("the server made no run; is it an MLflow tracking server?", server_.url);
    co_return Json(*info);
  }
  Json SweepMetrics() const {
    Json metrics = Json::MakeArray();
    AddMetric("trials", static_cast<double>(run_.manifest.planned), metrics);
    AddMetric("cells", static_cast<double>(run_.cells.size()), metrics);
    return metrics;
  }
  std::vector<std::pair<std::string, std::string>> SweepParameters() const {
    return {{"exp", run_.manifest.exp},
            {"mode", std::string(NameOf(run_.manifest.mode))},
            {"environment", run_.manifest.environment_name},
            {"config_hash", run_.manifest.config_hash},
            {"trials", std::to_string(run_.manifest.trials)}};
  }
  Json SweepTags() const {
    Json tags =
        Json::MakeArray({Pair("mlflow.note.content", Cut(run_.report, kLongestTag)),
                         Pair("mlflow.source.name", "xsweep"), Pair("mlflow.source.type", "LOCAL"),
                         Pair("xsweep.run_id", run_.manifest.run_id), Pair("xsweep.headline", Cut(run_.headline, 1000)),
                         Pair("xsweep.verdict", std::string(NameOf(run_.manifest.verdict)))});
    if (!run_.manifest.git.sha.empty()) tags.Append(Pair("mlflow.source.git.commit", run_.manifest.git.sha));
    if (!run_.manifest.git.branch.empty()) tags.Append(Pair("mlflow.source.git.branch", run_.manifest.git.branch));
    return tags;
  }
  void AddMetric(std::string_view name, std::optional<double> value, Json& metrics) const {
    if (!value) return;
    metrics.Append(
        Json::MakeObject({{"key", MetricName(name)}, {"value", *value}, {"timestamp", began_}, {"step", 0}}));
  }
  void AddRate(std::string_view name, const ExportedRate& rate, Json& metrics) const {
    AddMetric(name, rate.value, metrics);
    AddMetric(std::string(name) + "_lower95", rate.low, metrics);
    AddMetric(std::string(name) + "_upper95", rate.high, metrics);
    AddMetric(std::string(name) + "_n", static_cast<double>(rate.n), metrics);
  }
  Async<Status> Log(std::string id, Json metrics, std::vector<std::pair<std::string, std::string>> parameters) {
    // Once at least, because metrics go with the first call; with each they would be logged several times.
    for (std::size_t begin = 0; begin == 0 || begin < parameters.size(); begin += kBatch) {
      Json list = Json::MakeArray();
      for (std::size_t i = begin; i < std::min(begin + kBatch, parameters.size()); ++i)
        list.Append(Pair(MetricName(parameters[i].first), Cut(parameters[i].second, kLongestParameter)));
      Json body = Json::MakeObject();
      body.Set("run_id", id);
      body.Set("params", std::move(list));
      if (begin == 0) body.Set("metrics", metrics);
      auto asked = Post("runs/log-batch", std::move(body));
      CO_TRY(co_await asked);
    }
    co_return Status();
  }
  Json CellMetrics(const ExportedCell& cell) const {
    Json metrics = Json::MakeArray();
    AddRate("asr", cell.asr, metrics);
    AddRate("asr_exposed", cell.asr_exposed, metrics);
    AddRate("task_success", cell.task_success, metrics);
    AddMetric("errors", static_cast<double>(cell.errors), metrics);
    AddMetric("skipped", static_cast<double>(cell.skipped), metrics);
    return metrics;
  }
  static std::vector<std::pair<std::string, std::string>> CellParameters(const ExportedCell& cell) {
    std::vector<std::pair<std::string, std::string>> parameters = {{"agent", cell.record.agent},
                                                                   {"attack", cell.record.attack},
                                                                   {"defense", cell.record.defense},
                                                                   {"judge", cell.record.judge},
                                                                   {"arm", std::string(NameOf(cell.record.arm))}};
    for (const auto& [path, value] : cell.record.axes)
      parameters.emplace_back("axis." + path, value.is_string() ? value.AsString() : value.Dump());
    return parameters;
  }
  Async<Status> SendCell(std::string experiment, std::string parent, const ExportedCell& cell) {
    Json tags = Json::MakeArray();
    tags.Append(Pair("mlflow.parentRunId", parent));
    tags.Append(Pair("xsweep.cell", cell.record.id));
    auto created = Create(experiment, cell.label, std::move(tags));
    CO_TRY_ASSIGN(const Json info, co_await created);
    const std::string id(info.StringOr("run_id", ""));
    auto logged = Log(id, CellMetrics(cell), CellParameters(cell));
    CO_TRY(co_await logged);
    auto ended = End(id);
    co_return co_await ended;
  }
  Async<Status> PutArtifact(const Json& info, std::filesystem::path file) {
    constexpr std::string_view kScheme = "mlflow-artifacts:/";
    std::string root(info.StringOr("artifact_uri", ""));
    if (!root.starts_with(kScheme)) co_return Status();  // a store of its own, which only its clients reach
    root = root.substr(kScheme.size());
    while (root.starts_with('/')) root.erase(0, 1);
    HttpRequest request;
    request.method = "PUT";
    request.url = fmt::format("{}/api/2.0/mlflow-artifacts/artifacts/{}/{}", server_.url, root,
                              PercentEncoded(file.filename().string()));
    request.headers.push_back({"Content-Type", "application/octet-stream"});
    request.body_file = file.string();
    if (!server_.token.empty()) request.secret_headers.push_back({"Authorization", "Bearer ", server_.token});
    const std::string where = request.url;
    auto sent = http_.Call(std::move(request));
    auto response = co_await sent;
    if (!response) co_return std::unexpected(response.error().error);
    if (response->status / 100 != 2)
      co_return WorldError(fmt::format("the server answered {}: {}", response->status, Printable(response->body, 300)),
                           where);
    co_return Status();
  }
  Async<Status> End(std::string id) {
    // A run without an end gives 0 here, and no run ends before it began.
    const std::int64_t ended = UnixNanoseconds(run_.manifest.finished_utc) / 1'000'000;
    Json body = Json::MakeObject();
    body.Set("run_id", id);
    body.Set("status", EndedAs(run_.manifest));
    body.Set("end_time", std::max(ended, began_));
    auto asked = Post("runs/update", std::move(body));
    CO_TRY(co_await asked);
    co_return Status();
  }

  Http http_;
  const MlflowServer& server_;
  const ExportedRun& run_;
  std::int64_t began_;
};

}  // namespace

Expected<std::string> SendToMlflow(const MlflowServer& server, const ExportedRun& run,
                                   const std::vector<std::filesystem::path>& artifacts) {
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  MlflowServer to = server;
  while (to.url.ends_with('/')) to.url.pop_back();
  Sender sender(*loop, to, run);
  return loop->Run(sender.Send(artifacts));
}

}  // namespace xsweep
