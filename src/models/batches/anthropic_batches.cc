// Anthropic's Message Batches.
// SPDX-License-Identifier: Apache-2.0
#include "models/batches/anthropic_batches.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "models/wires/anthropic.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

/// The status that a single call with this error would have had.
int StatusOf(std::string_view type) {
  struct Row {
    std::string_view type;
    int status;
  };
  constexpr Row kRows[] = {{"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402},
                           {"permission_error", 403},      {"not_found_error", 404},      {"request_too_large", 413},
                           {"rate_limit_error", 429},      {"timeout_error", 504},        {"overloaded_error", 529}};
  for (const Row& row : kRows) {
    if (row.type == type) return row.status;
  }
  return 500;
}

std::int64_t TotalOf(const Json& batch) {
  const Json* counts = batch.Find("request_counts");
  std::int64_t total = 0;
  if (counts == nullptr) return total;
  for (const std::string_view member : {"processing", "succeeded", "errored", "canceled", "expired"})
    total += counts->IntOr(member, 0);
  return total;
}

class AnthropicBatches final : public BatchApi {
 public:
  AnthropicBatches(Http& http, BatchEndpoint where) : server_(http, std::move(where)) {}

  BatchLimits limits() const override { return {100'000, std::size_t{256} * 1000 * 1000 - 4096}; }

  std::string Question(std::string_view custom_id, const ModelRequest& request) const override {
    return fmt::format(R"({{"custom_id":"{}","params":{}}})", custom_id,
                       WriteAnthropicRequest(server_.endpoint(), request));
  }

  Async<Expected<std::string>> Upload(BatchJob /*job*/) override { return Expected<std::string>(std::string()); }

  Async<Expected<std::string>> Newest() override {
    auto asking = server_.Ask(server_.Get(server_.Url("/messages/batches", "limit=1")));
    const Expected<Json> list = co_await asking;
    if (!list) co_return std::unexpected(NoEndpoint(list.error()));
    const Json* data = list->Find("data");
    if (data == nullptr || !data->is_array())
      co_return WorldError("this is no list of batches: " + Quoted(list->Dump()), server_.Url("/messages/batches"));
    co_return std::string(data->size() == 0 ? "" : data->items().front().StringOr("id", ""));
  }

  Async<Posted> Post(BatchJob job) override {
    std::filesystem::path file = job.questions;
    file.replace_extension().replace_extension(layout::kUpload);
    if (Status written = WriteBody(job.questions, file); !written) co_return Posted{.failure = std::move(written)};
    HttpRequest request = server_.Post(server_.Url("/messages/batches"), {}, "application/json");
    request.body_file = file.string();
    auto posting = PostBatch(server_, "/messages/batches", std::move(request));
    Posted posted = co_await posting;
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    co_return posted;
  }

  Async<Expected<std::vector<std::string>>> Find(BatchJob job) override {
    std::vector<std::string> found;
    auto walking = WalkBatches(server_, "/messages/batches", "after_id", [&](const std::vector<Json>& page) {
      for (const Json& batch : page) {
        const std::string_view id = batch.StringOr("id", "");
        if (!job.newest.empty() && id == job.newest) return false;  // what follows is older
        if (IsPlainId(id) && TotalOf(batch) == static_cast<std::int64_t>(job.count)) found.emplace_back(id);
      }
      return true;
    });
    CO_TRY(co_await walking);
    co_return found;
  }

  Async<Expected<BatchView>> Look(std::string id) override {
    const std::string url = server_.Url("/messages/batches/" + id);
    auto asking = server_.Ask(server_.Get(url));
    CO_TRY_ASSIGN(const Json batch, co_await asking);
    BatchView view;
    const std::string_view status = batch.StringOr("processing_status", "");
    view.ended = status == "ended";
    if (!view.ended && status != "in_progress" && status != "canceling")
      co_return WorldError("this is no batch: " + Quoted(batch.Dump()), url);
    view.words = status;
    if (const Json* counts = batch.Find("request_counts")) view.done = TotalOf(batch) - counts->IntOr("processing", 0);
    if (view.ended) view.results.push_back(server_.Url(fmt::format("/messages/batches/{}/results", id)));
    co_return view;
  }

  Async<Status> Fetch(const BatchView& view, const std::filesystem::path& file, std::size_t most) override {
    return FetchAll(server_, view.results, file, most);
  }

  Expected<BatchLine> ReadLine(std::string_view text) const override {
    TRY_ASSIGN(const Json json, Json::Parse(text, "a line of results"));
    BatchLine line;
    line.custom_id = json.StringOr("custom_id", "");
    const Json* result = json.Find("result");
    if (!json.is_object() || line.custom_id.empty() || result == nullptr || !result->is_object())
      return WorldError("names no custom_id or no result");
    const std::string_view type = result->StringOr("type", "");
    const Json* message = result->Find("message");
    const Json* error = result->Find("error");
    if (type == "succeeded" && message != nullptr && message->is_object()) {
      line.status = 200;
      line.body = message->Dump();
    } else if (type == "errored" && error != nullptr && error->is_object()) {
      const Json* inner = error->Find("error");
      line.status = StatusOf((inner != nullptr ? *inner : *error).StringOr("type", ""));
      line.body = inner != nullptr ? error->Dump() : Json::MakeObject({{"type", "error"}, {"error", *error}}).Dump();
    } else if (type == "expired" || type == "canceled") {
      line.expired = type == "expired";
      line.unasked = type;
    } else {
      return WorldError("has no result of a known type");
    }
    return line;
  }

  Attempt Read(const BatchLine& line, const ModelRequest& request) const override {
    return ReadAnswer(server_.endpoint(), request, HttpResponse{line.status, {}, line.body}, AnthropicFormat());
  }

 private:
  static Status WriteBody(const std::filesystem::path& questions, const std::filesystem::path& to) {
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(questions));
    TRY_ASSIGN(auto body, AtomicFile::Create(RealDisk(), to));
    TRY(body.Write(R"({"requests":[)"));
    std::string_view rest = file.bytes();
    for (bool first = true; !rest.empty(); first = false) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (!first) TRY(body.Write(","));
      TRY(body.Write(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    TRY(body.Write("]}"));
    return body.Commit();
  }

  BatchServer server_;
};

}  // namespace

std::unique_ptr<BatchApi> MakeAnthropicBatches(Http& http, BatchEndpoint where) {
  return std::make_unique<AnthropicBatches>(http, std::move(where));
}

}  // namespace xsweep
