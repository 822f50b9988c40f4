// BatchStandIn: the batch endpoints of OpenAI and Anthropic, for a ModelServer.
// SPDX-License-Identifier: Apache-2.0
#include "support/batch_stand_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace xsweep::testing {
namespace {

ServerReply Ok(const Json& body) { return {.headers = {{"Content-Type", "application/json"}}, .body = body.Dump()}; }

ServerReply Missing() { return {.status = 404, .body = ErrorBody("there is nothing here", "not_found_error")}; }

/// The file in a form of two parts; "" for what is no such form.
std::string FileOf(const SeenRequest& request) {
  const std::string type(request.Header("content-type"));
  const auto at = type.find("boundary=");
  if (at == std::string::npos || request.body.find("name=\"purpose\"\r\n\r\nbatch\r\n") == std::string::npos) return {};
  const std::string end = "\r\n--" + type.substr(at + 9);
  const auto file = request.body.find("name=\"file\"; filename=");
  const auto begin = request.body.find("\r\n\r\n", file);
  const auto close = request.body.find(end + "--", begin);
  if (file == std::string::npos || begin == std::string::npos || close == std::string::npos) return {};
  return request.body.substr(begin + 4, close - begin - 4);
}

std::vector<Json> LinesOf(const std::string& text) {
  std::vector<Json> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (auto line = Json::Parse(std::string_view(text).substr(at, end - at), "upload")) lines.push_back(*line);
    at = end + 1;
  }
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

bool Legal(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

}  // namespace

BatchStandIn::BatchStandIn(ModelServer::Handler model, BatchManners manners)
    : model_(std::move(model)), manners_(std::move(manners)) {}

void BatchStandIn::Behave(const std::function<void(BatchManners&)>& change) {
  const std::lock_guard lock(mutex_);
  change(manners_);
}

int BatchStandIn::posted() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(batches_.size());
}

int BatchStandIn::uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_;
}

int BatchStandIn::questions() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const Batch& batch : batches_) sum += batch.failed ? 0 : batch.questions.size();
  return static_cast<int>(sum);
}

int BatchStandIn::single_calls() const {
  const std::lock_guard lock(mutex_);
  return single_calls_;
}

std::vector<std::string> BatchStandIn::bodies() const {
  const std::lock_guard lock(mutex_);
  return bodies_;
}

std::vector<std::string> BatchStandIn::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

ServerReply BatchStandIn::operator()(const SeenRequest& request) {
  const std::lock_guard lock(mutex_);
  const bool files = request.target.contains("/files");
  const bool batches = request.target.contains("/batches");
  if (!files && !batches) {
    ++single_calls_;
    return model_(request);
  }
  if (manners_.no_endpoint) return Missing();
  if (manners_.html) return {.headers = {{"Content-Type", "text/html"}}, .body = "<html>Please log in</html>"};
  if (manners_.rejects > 0) {
    --manners_.rejects;
    return {.status = 429, .headers = {{"Retry-After", "0"}}, .body = ErrorBody("slow down", "rate_limit_error")};
  }
  if (files) return Files(request);
  return request.target.contains("/messages/") ? Messages(request) : Chat(request);
}

ServerReply BatchStandIn::Files(const SeenRequest& request) {
  if (request.method == "GET") {
    const auto begin = request.target.find("/files/") + 7;
    const auto found = files_.find(request.target.substr(begin, request.target.find("/content") - begin));
    return found == files_.end() ? Missing() : ServerReply{.body = found->second};
  }
  const std::string file = FileOf(request);
  if (file.empty()) faults_.push_back("an upload is no form with a purpose and a file");
  const std::string id = fmt::format("file-{}", ++uploads_);
  files_[id] = file;
  return Ok(Json::MakeObject({{"id", id},
                              {"object", "file"},
                              {"bytes", static_cast<std::int64_t>(file.size())},
                              {"created_at", 1},
                              {"filename", "questions.jsonl"},
                              {"purpose", "batch"},
                              {"status", "processed"}}));
}

void BatchStandIn::Check(const Batch& batch) {
  std::set<std::string, std::less<>> ids;
  for (const Json& question : batch.questions) {
    const std::string id(question.StringOr("custom_id", ""));
    if (!Legal(id)) faults_.push_back("no legal custom_id: " + id);
    if (!ids.insert(id).second) faults_.push_back("a custom_id comes twice: " + id);
    const Json* body = question.Find(batch.chat ? "body" : "params");
    if (body == nullptr || !body->is_object()) faults_.emplace_back("a question has no body");
    if (batch.chat && question.StringOr("url", "") != "/v1/chat/completions")
      faults_.emplace_back("a question has no url");
  }
}

ServerReply BatchStandIn::Take(Batch batch) {
  Check(batch);
  batch.failed = batch.chat && !manners_.failure.empty() && batches_.empty();
  for (const Json& question : batch.questions) bodies_.push_back(question.Dump());
  batches_.push_back(std::move(batch));
  if (manners_.drops > 0) {
    --manners_.drops;
    return {.manner = ServerReply::Manner::kDrop};
  }
  return Ok(View(batches_.back(), {}));
}

ServerReply BatchStandIn::Chat(const SeenRequest& request) {
  if (request.method == "POST") {
    const auto body = Json::Parse(request.body, "batch");
    if (!body) return Missing();
    const auto file = files_.find(std::string(body->StringOr("input_file_id", "")));
    if (file == files_.end()) return Missing();
    const Json* metadata = body->Find("metadata");
    return Take({.id = fmt::format("batch_{}", batches_.size() + 1),
                 .file = file->first,
                 .name = std::string(metadata == nullptr ? "" : metadata->StringOr("xsweep", "")),
                 .questions = LinesOf(file->second)});
  }
  const auto at = request.target.find("/batches/");
  if (at == std::string::npos) return List(true, request);
  const auto found = std::ranges::find(batches_, request.target.substr(at + 9), &Batch::id);
  return found == batches_.end() ? Missing() : Ok(View(*found, request));
}

ServerReply BatchStandIn::Messages(const SeenRequest& request) {
  if (request.method == "POST") {
    const auto body = Json::Parse(request.body, "batch");
    const Json* requests = body ? body->Find("requests") : nullptr;
    if (requests == nullptr || !requests->is_array()) return Missing();
    return Take({.id = fmt::format("msgbatch_{}", batches_.size() + 1),
                 .questions = std::vector<Json>(requests->items().begin(), requests->items().end()),
                 .chat = false});
  }
  const auto at = request.target.find("/batches/");
  if (at == std::string::npos) return List(false, request);
  std::string id = request.target.substr(at + 9);
  const bool results = id.ends_with("/results");
  if (results) id.resize(id.size() - 8);
  if (results && id == "msgbatch_other") return {.body = manners_.other_account};
  const auto found = std::ranges::find(batches_, id, &Batch::id);
  Batch other{.id = "msgbatch_other",
              .questions = batches_.empty() ? std::vector<Json>() : batches_.back().questions,
              .looks = 100,
              .chat = false};
  if (id == other.id && !manners_.other_account.empty()) return Ok(View(other, request));
  if (found == batches_.end()) return Missing();
  return results ? ServerReply{.body = Results(*found)} : Ok(View(*found, request));
}

/// Newest first, a page of as many as are asked for.
ServerReply BatchStandIn::List(bool chat, const SeenRequest& request) {
  const auto after = request.target.find(chat ? "after=" : "after_id=");
  const std::string last = after == std::string::npos ? "" : request.target.substr(request.target.find('=', after) + 1);
  const auto limit = request.target.find("limit=");
  const std::size_t most =
      limit == std::string::npos ? 20 : std::strtoul(request.target.c_str() + limit + 6, nullptr, 10);
  Json data = Json::MakeArray();
  bool behind = last.empty(), more = false;
  if (!chat && !manners_.other_account.empty() && !batches_.empty() && behind) {
    Batch other{.id = "msgbatch_other", .questions = batches_.back().questions, .looks = 100, .chat = false};
    data.Append(View(other, request));
  }
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if (batch->chat != chat) continue;
    more = behind && data.size() >= most;
    if (more) break;
    if (behind) data.Append(View(*batch, {}));
    behind = behind || batch->id == last;
  }
  return Ok(Json::MakeObject(
      {{"object", "list"}, {"data", data}, {"has_more", more}, {"first_id", Json()}, {"last_id", Json()}}));
}

bool BatchStandIn::Ended(const Batch& batch) const { return manners_.looks >= 0 && batch.looks > manners_.looks; }

Json BatchStandIn::View(Batch& batch, const SeenRequest& request) {
  if (!request.method.empty()) ++batch.looks;
  const bool ended = Ended(batch);
  const auto total = static_cast<std::int64_t>(batch.questions.size());
  if (batch.chat) {
    const std::string status = batch.failed              ? "failed"
                               : !ended                  ? "in_progress"
                               : manners_.status.empty() ? "completed"
                                                         : manners_.status;
    Json view = Json::MakeObject(
        {{"id", batch.id},
         {"object", "batch"},
         {"endpoint", "/v1/chat/completions"},
         {"input_file_id", batch.file},
         {"completion_window", "24h"},
         {"status", status},
         {"created_at", 1},
         {"output_file_id", Json()},
         {"error_file_id", Json()},
         {"errors", Json()},
         {"metadata", Json::MakeObject({{"xsweep", batch.name}})},
         {"request_counts", Json::MakeObject({{"total", total}, {"completed", ended ? total : 0}, {"failed", 0}})}});
    if (batch.failed) {
      const Json error = Json::MakeObject(
          {{"code", manners_.failure}, {"message", "Enqueued limit reached."}, {"line", Json()}, {"param", Json()}});
      view.Set("errors", Json::MakeObject({{"object", "list"}, {"data", Json::MakeArray({error})}}));
    } else if (ended && !manners_.no_files) {
      files_["out-" + batch.id] = Results(batch);
      view.Set("output_file_id", "out-" + batch.id);
    }
    return view;
  }
  Json counts = Json::MakeObject({{"processing", ended ? 0 : total},
                                  {"succeeded", ended ? total : 0},
                                  {"errored", 0},
                                  {"canceled", 0},
                                  {"expired", 0}});
  const std::string own = fmt::format("http://{}/v1/messages/batches/{}/results", request.Header("host"), batch.id);
  return Json::MakeObject(
      {{"id", batch.id},
       {"type", "message_batch"},
       {"processing_status", ended ? "ended" : "in_progress"},
       {"request_counts", std::move(counts)},
       {"created_at", "2026-01-01T00:00:00Z"},
       {"expires_at", "2026-01-02T00:00:00Z"},
       {"ended_at", ended ? Json("2026-01-01T01:00:00Z") : Json()},
       {"archived_at", Json()},
       {"cancel_initiated_at", Json()},
       {"results_url", !ended ? Json() : Json(manners_.results_url.empty() ? own : manners_.results_url)}});
}

std::string BatchStandIn::Line(const Batch& batch, const Json& question, std::size_t place) {
  const Json id(question.StringOr("custom_id", ""));
  const bool expires = manners_.expire_every > 0 && &batch == batches_.data() &&
                       (place + 1) % static_cast<std::size_t>(manners_.expire_every) == 0;
  if (expires && batch.chat) {
    const Json error =
        Json::MakeObject({{"code", "batch_expired"},
                          {"message", "This request could not be executed before the completion window expired."}});
    return Json::MakeObject({{"id", "r"}, {"custom_id", id}, {"response", Json()}, {"error", error}}).Dump();
  }
  if (expires) return Json::MakeObject({{"custom_id", id}, {"result", Json::MakeObject({{"type", "expired"}})}}).Dump();
  SeenRequest asked;
  asked.method = "POST";
  asked.target = batch.chat ? "/v1/chat/completions" : "/v1/messages";
  asked.body = question.Find(batch.chat ? "body" : "params")->Dump();
  const ServerReply said = model_(asked);
  const auto body = Json::Parse(said.body, "model");
  if (batch.chat) {
    const Json response =
        Json::MakeObject({{"status_code", said.status}, {"request_id", "q"}, {"body", body ? *body : Json(said.body)}});
    return Json::MakeObject({{"id", "r"}, {"custom_id", id}, {"response", response}, {"error", Json()}}).Dump();
  }
  const bool good = said.status == 200;
  const Json result = Json::MakeObject({{"type", good ? "succeeded" : "errored"}, {good ? "message" : "error", *body}});
  return Json::MakeObject({{"custom_id", id}, {"result", result}}).Dump();
}

std::string BatchStandIn::Results(const Batch& batch) {
  std::vector<std::string> lines;
  for (std::size_t place = batch.questions.size(); place-- > 0;)
    lines.push_back(Line(batch, batch.questions[place], place));
  return manners_.results ? manners_.results(std::move(lines)) : Joined(lines);
}

}  // namespace xsweep::testing
