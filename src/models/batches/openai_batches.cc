// OpenAI's Batch API.
// SPDX-License-Identifier: Apache-2.0
#include "models/batches/openai_batches.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "models/wires/chat.h"
#include "record/logs/layout.h"

namespace xsweep {
namespace {

constexpr std::string_view kNameMember = "xsweep";

std::string WordsOf(const Json& batch) {
  std::string words(batch.StringOr("status", ""));
  const Json* errors = batch.Find("errors");
  const Json* list = errors == nullptr ? nullptr : errors->Find("data");
  if (list == nullptr || !list->is_array()) return Quoted(words);
  for (std::size_t i = 0; i < list->size() && i < 3; ++i) {
    const Json& error = list->items()[i];
    words += fmt::format("; {}: {}", error.StringOr("code", ""), error.StringOr("message", ""));
  }
  return Quoted(words);
}

class OpenAiBatches final : public BatchApi {
 public:
  OpenAiBatches(Http& http, BatchEndpoint where) : server_(http, std::move(where)) {}

  BatchLimits limits() const override { return {50'000, std::size_t{200} * 1000 * 1000 - 4096}; }

  std::string Question(std::string_view custom_id, const ModelRequest& request) const override {
    return fmt::format(R"({{"custom_id":"{}","method":"POST","url":"/v1/chat/completions","body":{}}})", custom_id,
                       WriteOpenAiRequest(server_.endpoint(), request));
  }

  Async<Expected<std::string>> Upload(BatchJob job) override {
    std::filesystem::path file = job.questions;
    file.replace_extension().replace_extension(layout::kUpload);
    const std::string boundary = "xsweep-" + ShortHash(job.name);  // no line of JSON holds the break before it
    CO_TRY(WriteForm(job.questions, file, boundary));
    HttpRequest request =
        server_.Post(server_.Url("/files"), {}, fmt::format("multipart/form-data; boundary={}", boundary));
    request.body_file = file.string();
    auto asking = server_.Ask(std::move(request));
    Expected<Json> said = co_await asking;
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    if (!said) co_return std::unexpected(NoEndpoint(said.error()));
    const std::string id(said->StringOr("id", ""));
    if (!IsPlainId(id))
      co_return WorldError("the server named no file id: " + Quoted(said->Dump()), server_.Url("/files"));
    co_return id;
  }

  Async<Expected<std::string>> Newest() override { return Expected<std::string>(std::string()); }

  Async<Posted> Post(BatchJob job) override {
    const Json body = Json::MakeObject({{"input_file_id", job.upload},
                                        {"endpoint", "/v1/chat/completions"},
                                        {"completion_window", "24h"},
                                        {"metadata", Json::MakeObject({{std::string(kNameMember), job.name}})}});
    return PostBatch(server_, "/batches", server_.Post(server_.Url("/batches"), body.Dump(), "application/json"));
  }

  Async<Expected<std::vector<std::string>>> Find(BatchJob job) override {
    std::vector<std::string> found;
    auto walking = WalkBatches(server_, "/batches", "after", [&](const std::vector<Json>& page) {
      for (const Json& batch : page) {
        const Json* metadata = batch.Find("metadata");
        const std::string_view id = batch.StringOr("id", "");
        if (metadata != nullptr && metadata->StringOr(kNameMember, "") == job.name && IsPlainId(id))
          found.emplace_back(id);
      }
      return found.empty();
    });
    CO_TRY(co_await walking);
    co_return found;
  }

  Async<Expected<BatchView>> Look(std::string id) override {
    const std::string url = server_.Url("/batches/" + id);
    auto asking = server_.Ask(server_.Get(url));
    CO_TRY_ASSIGN(const Json batch, co_await asking);
    BatchView view;
    const std::string_view status = batch.StringOr("status", "");
    view.words = WordsOf(batch);
    view.refused = status == "failed";
    view.expired = status == "expired";
    view.ended = view.refused || view.expired || status == "completed" || status == "cancelled";
    const bool known = view.ended || status == "validating" || status == "in_progress" || status == "finalizing" ||
                       status == "cancelling";
    if (!known) co_return WorldError("this is no batch: " + Quoted(batch.Dump()), url);
    std::int64_t answered = 0;
    if (const Json* counts = batch.Find("request_counts")) {
      answered = counts->IntOr("completed", 0);
      view.done = answered + counts->IntOr("failed", 0);
    }
    for (const std::string_view member : {"output_file_id", "error_file_id"}) {
      const std::string_view file = batch.StringOr(member, "");
      if (!file.empty() && !IsPlainId(file)) co_return WorldError("the server named no file id: " + Quoted(file), url);
      if (!file.empty()) view.results.push_back(server_.Url(fmt::format("/files/{}/content", file)));
    }
    // They are paid for; whoever gave them up now could not ask for the file when it is there.
    if (view.ended && answered > 0 && view.results.empty())
      co_return WorldError(
          fmt::format("the server has answered {} questions of the batch and names no file of its answers", answered),
          url);
    co_return view;
  }

  Async<Status> Fetch(const BatchView& view, const std::filesystem::path& file, std::size_t most) override {
    return FetchAll(server_, view.results, file, most);
  }

  Expected<BatchLine> ReadLine(std::string_view text) const override {
    TRY_ASSIGN(const Json json, Json::Parse(text, "a line of results"));
    BatchLine line;
    line.custom_id = json.StringOr("custom_id", "");
    if (!json.is_object() || line.custom_id.empty()) return WorldError("names no custom_id");
    const Json* response = json.Find("response");
    if (response != nullptr && response->is_object()) {
      const Json* body = response->Find("body");
      line.status = static_cast<int>(response->IntOr("status_code", 0));
      if (line.status < 100 || line.status > 599 || body == nullptr) return WorldError("has a response that is none");
      line.body = body->is_string() ? body->AsString() : body->Dump();
      return line;
    }
    const Json* error = json.Find("error");
    if (error == nullptr || !error->is_object()) return WorldError("has neither a response nor an error");
    line.expired = error->StringOr("code", "") == "batch_expired";
    line.unasked =
        Quoted(fmt::format("{}: {}", error->StringOr("code", "error"), error->StringOr("message", "no message")));
    return line;
  }

  Attempt Read(const BatchLine& line, const ModelRequest& request) const override {
    return ReadAnswer(server_.endpoint(), request, HttpResponse{line.status, {}, line.body}, ChatFormat());
  }

 private:
  /// A form as browsers send it, with the questions as they lie on the disk.
  static Status WriteForm(const std::filesystem::path& questions, const std::filesystem::path& to,
                          const std::string& boundary) {
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(questions));
    TRY_ASSIGN(auto form, AtomicFile::Create(RealDisk(), to));
    TRY(
        form.Write(fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{0}\r\n"
                               "Content-Disposition: form-data; name=\"file\"; filename=\"questions.jsonl\"\r\n"
                               "Content-Type: application/jsonl\r\n\r\n",
                               boundary)));
    TRY(form.Write(file.bytes()));
    TRY(form.Write(fmt::format("\r\n--{}--\r\n", boundary)));
    return form.Commit();
  }

  BatchServer server_;
};

}  // namespace

std::unique_ptr<BatchApi> MakeOpenAiBatches(Http& http, BatchEndpoint where) {
  return std::make_unique<OpenAiBatches>(http, std::move(where));
}

}  // namespace xsweep
