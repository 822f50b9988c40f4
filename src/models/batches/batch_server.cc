// BatchServer: the calls that batch endpoints share, with their retries.
// SPDX-License-Identifier: Apache-2.0
#include "models/batches/batch_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/characters.h"
#include "models/replies/lenient.h"
#include "net/client/http_sink.h"

namespace xsweep {
namespace {

constexpr std::chrono::milliseconds kFirstPause{1000};
constexpr std::chrono::milliseconds kLongestPause{120'000};
constexpr std::chrono::hours kLongestTransfer{1};  // of files of hundreds of megabytes

/// On the connections' thread until the call has ended.
class FileSink final : public HttpSink {
 public:
  explicit FileSink(const std::filesystem::path& path) : file_(path, std::ios::binary | std::ios::app) {}
  void Begin(int status, std::vector<HttpHeader> /*headers*/) override { status_ = status; }
  // The words of a failure are no results.
  void Add(std::string_view bytes) override {
    constexpr std::size_t kWords = std::size_t{64} << 10U;
    if (status_ >= 200 && status_ < 300) {
      file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    } else if (said_.size() < kWords) {
      said_ += bytes;
    }
  }
  void Whole(std::string_view rest) override { Add(rest); }
  /// Whether all of it is with the operating system. The last thing asked of it.
  bool Close() {
    file_.close();
    return !file_.fail();
  }
  const std::string& said() const { return said_; }

 private:
  std::ofstream file_;
  int status_ = 0;
  std::string said_;
};

BatchServer::Outcome FailedOutcome(const HttpError& failure) {
  // Refused by ourselves, or never connected: only then is it certain that the server has not seen it.
  const bool sent = failure.failure != HttpFailure::kRefused && failure.failure != HttpFailure::kConnect;
  const bool again = failure.failure != HttpFailure::kRefused && failure.failure != HttpFailure::kTooLarge &&
                     failure.failure != HttpFailure::kStopped;
  return {again ? AttemptOutcome::kTransient : AttemptOutcome::kFinal, sent, std::unexpected(failure.error), {}};
}

}  // namespace

std::string BatchServer::Url(std::string_view path, std::string_view query) const {
  const std::string url = Url(path);
  return fmt::format("{}{}{}", url, url.contains('?') ? '&' : '?', query);
}

HttpRequest BatchServer::Get(std::string url) const {
  HttpRequest request = Post(std::move(url), {}, {});
  request.method = "GET";
  return request;
}

HttpRequest BatchServer::Post(std::string url, std::string body, std::string_view content_type) const {
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers = where_.endpoint.headers;
  std::erase_if(request.headers, [](const HttpHeader& header) { return header.name == "Content-Type"; });
  if (!content_type.empty()) request.headers.push_back({"Content-Type", std::string(content_type)});
  request.secret_headers = where_.endpoint.secret_headers;
  request.body = std::move(body);
  request.timeouts = where_.endpoint.timeouts;
  request.route = where_.endpoint.route;
  request.max_response_bytes = where_.endpoint.max_response_bytes;
  return request;
}

BatchServer::Outcome BatchServer::Sort(const HttpResponse& response, const std::string& url) const {
  const bool good = response.status >= 200 && response.status < 300;
  Expected<Json> body = ParseBody(response.body);
  const auto error = body ? FindServerError(*body) : std::nullopt;
  if (good && body && body->is_object()) return {AttemptOutcome::kAnswered, true, std::move(body), {}};
  if (response.status == 404 || response.status == 405 || response.status == 501) {
    const Failure failure = SortFailure(response.status, error, response.body);
    return {AttemptOutcome::kFinal, true, UserError(failure.words, url), {}};
  }
  if (!good) {
    Failure failure = SortFailure(response.status, error, response.body);
    // A batch is not the one prompt or call that the other kinds speak of: asking again changes nothing.
    if (failure.kind != FailureKind::kFailed) failure.outcome = AttemptOutcome::kFinal;
    return {failure.outcome, true, WorldError(failure.words, url), ReadWait(response)};
  }
  const std::string words =
      fmt::format("the server answered {} with what is no JSON object: {}", response.status, Quoted(response.body));
  return {AttemptOutcome::kTransient, true, WorldError(words, url), ReadWait(response)};
}

Async<BatchServer::Outcome> BatchServer::OnceOver(Http& http, HttpRequest request) const {
  const std::string url = request.url;
  if (!request.body_file.empty())
    request.timeouts.total = std::max<std::chrono::milliseconds>(request.timeouts.total, kLongestTransfer);
  auto calling = http.Call(std::move(request));
  const auto response = co_await calling;
  if (!response) co_return FailedOutcome(response.error());
  co_return Sort(*response, url);
}

Async<BatchServer::Outcome> BatchServer::OnceAlone(HttpRequest request) const {
  Http alone(http_.loop());
  auto asking = OnceOver(alone, std::move(request));
  co_return co_await asking;
}

std::optional<std::chrono::milliseconds> BatchServer::Pause(const Outcome& outcome, int retry) const {
  if (outcome.outcome == AttemptOutcome::kFinal || retry >= where_.max_retries) return std::nullopt;
  const auto backoff = std::min(kFirstPause * (std::int64_t{1} << std::min(retry, 20)), kLongestPause);
  const auto asked = outcome.wait.value_or(std::chrono::milliseconds(0));
  // Sooner than it asks would be rude and in vain; the command ends, and the same command goes on later.
  if (asked > kLongestPause) return std::nullopt;
  return std::max(backoff, asked);
}

Async<Expected<Json>> BatchServer::Ask(HttpRequest request) const {
  for (int retry = 0;; ++retry) {
    auto asking = Once(request);
    Outcome outcome = co_await asking;
    if (outcome.outcome == AttemptOutcome::kAnswered) co_return std::move(outcome.said);
    const auto pause = Pause(outcome, retry);
    if (!pause) co_return std::move(outcome.said);
    auto sleeping = loop().Sleep(*pause);
    CO_TRY(co_await sleeping);
  }
}

Async<Status> BatchServer::Download(std::string url, const std::filesystem::path& file, std::size_t most) const {
  for (int retry = 0;; ++retry) {
    std::error_code ignored;
    const std::uintmax_t before =
        std::filesystem::exists(file, ignored) ? std::filesystem::file_size(file, ignored) : 0;
    HttpRequest request = Get(url);
    request.max_response_bytes = before < most ? most - before : 1;
    request.timeouts.total = std::max<std::chrono::milliseconds>(request.timeouts.total, kLongestTransfer);
    const auto sink = std::make_shared<FileSink>(file);
    auto calling = http_.Call(std::move(request), sink);
    const auto response = co_await calling;
    const bool written = sink->Close();
    if (response && response->status >= 200 && response->status < 300) {
      if (!written) co_return WorldError("cannot be written; make room and go on", file.string());
      co_return Status();
    }
    Outcome outcome =
        response ? Sort({response->status, response->headers, sink->said()}, url) : FailedOutcome(response.error());
    // Half of what was sent is no results.
    if (std::filesystem::exists(file, ignored)) std::filesystem::resize_file(file, before, ignored);
    const auto pause = Pause(outcome, retry);
    if (!pause) co_return std::unexpected(outcome.said.error());
    auto sleeping = loop().Sleep(*pause);
    CO_TRY(co_await sleeping);
  }
}

Async<Posted> PostBatch(const BatchServer& server, std::string path, HttpRequest request) {
  for (int retry = 0;; ++retry) {
    auto asking = server.OnceAlone(request);
    BatchServer::Outcome outcome = co_await asking;
    if (outcome.outcome == AttemptOutcome::kAnswered) {
      const std::string id(outcome.said->StringOr("id", ""));
      if (IsPlainId(id)) co_return Posted{.id = id};
      co_return Posted{
          .failure = WorldError("the server named no batch id: " + Quoted(outcome.said->Dump()), server.Url(path))};
    }
    Posted none{.failure = std::unexpected(NoEndpoint(outcome.said.error()))};
    // Not posted again where the server may have taken it: the caller looks for the batch first, or it is paid twice.
    none.unclear = outcome.sent && outcome.outcome == AttemptOutcome::kTransient;
    const auto pause = server.Pause(outcome, retry);
    if (none.unclear || !pause) co_return none;
    auto sleeping = server.loop().Sleep(*pause);
    Status slept = co_await sleeping;
    if (!slept) co_return Posted{.failure = std::move(slept)};
  }
}

Async<Status> WalkBatches(const BatchServer& server, std::string path, std::string cursor,
                          std::function<bool(const std::vector<Json>& page)> more) {
  constexpr int kMostPages = 50;  // of a hundred batches
  std::string after;
  for (int page = 0; page < kMostPages; ++page) {
    auto asking = server.Ask(server.Get(server.Url(path, "limit=100" + after)));
    CO_TRY_ASSIGN(const Json list, co_await asking);
    const Json* data = list.Find("data");
    if (data == nullptr || !data->is_array() || data->size() == 0) break;
    if (!more(data->items())) break;
    const std::string_view last = data->items().back().StringOr("id", "");
    // The id goes into the next address, so one of a strange form ends the walk.
    if (!list.BoolOr("has_more", false) || !IsPlainId(last)) break;
    after = fmt::format("&{}={}", cursor, last);
  }
  co_return Status();
}

Async<Status> FetchAll(const BatchServer& server, std::vector<std::string> urls, std::filesystem::path file,
                       std::size_t most) {
  std::error_code ignored;
  // Download adds to what is there, and what a killed run had loaded may end anywhere.
  std::filesystem::remove(file, ignored);
  for (std::string& url : urls) {
    auto loading = server.Download(std::move(url), file, most);
    CO_TRY(co_await loading);
    std::ofstream(file, std::ios::app) << '\n';  // whatever the file before ended with
  }
  co_return Status();
}

Error NoEndpoint(const Error& error) {
  if (error.kind != ErrorKind::kUser) return error;
  return {ErrorKind::kUser,
          error.message +
              "; this server has no batch endpoint (OpenAI and Anthropic have one, Ollama, llama.cpp and most "
              "gateways have none): leave --batch away",
          error.where};
}

std::string_view IdOfQuestion(std::string_view line) {
  constexpr std::string_view kBegin = R"({"custom_id":")";
  if (!line.starts_with(kBegin)) return {};
  line.remove_prefix(kBegin.size());
  return line.substr(0, line.find('"'));
}

bool IsPlainId(std::string_view id) {
  return !id.empty() && id.size() <= 200 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace xsweep
