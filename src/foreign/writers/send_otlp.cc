// OtlpSender: traces to a receiver of OpenTelemetry's protocol.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/send_otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/characters.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "base/wire_text.h"

namespace xsweep {
namespace {

using std::chrono::seconds;

constexpr int kMostTimes = 5;
constexpr seconds kLongestPause{60};

bool MayAskAgain(int status) { return status == 429 || (status >= 502 && status <= 504); }

seconds PauseBefore(const HttpResponse& response, int times) {
  const std::string* asked = response.Header("retry-after");
  const auto after = asked == nullptr ? std::nullopt : ParseUnsigned(*asked);
  if (!after) return seconds(1 << times);
  return std::min(kLongestPause, seconds(std::min<std::uint64_t>(*after, kLongestPause.count())));
}

bool IsHeaderValue(std::string_view value) {
  return std::ranges::none_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

Expected<std::vector<SecretHeader>> ReadHeaders(const char* variable, std::string_view text) {
  std::vector<SecretHeader> headers;
  for (const std::string& pair : Split(text, ',')) {
    if (Trim(pair).empty()) continue;
    const std::size_t sign = pair.find('=');
    const std::string_view name = Trim(std::string_view(pair).substr(0, sign));
    const auto value =
        sign == std::string::npos ? std::nullopt : PercentDecoded(Trim(std::string_view(pair).substr(sign + 1)));
    if (!value || !IsHeaderName(name) || !IsHeaderValue(*value))
      return UserError(
          fmt::format("entry {} is no `name=value` with a value that is percent-encoded", headers.size() + 1),
          variable);
    const std::size_t key = value->rfind(' ') + 1;  // of "Bearer KEY" the key alone is what must not come back
    headers.push_back({std::string(name), value->substr(0, key), Secret(value->substr(key))});
  }
  return headers;
}

}  // namespace

Expected<std::vector<SecretHeader>> OtlpHeadersFromEnvironment() {
  for (const char* variable : {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"}) {
    const char* text = std::getenv(variable);
    if (text != nullptr && *text != '\0') return ReadHeaders(variable, text);
  }
  return std::vector<SecretHeader>();
}

Expected<std::unique_ptr<OtlpSender>> OtlpSender::Create(std::string url, std::vector<SecretHeader> headers) {
  while (url.ends_with('/')) url.pop_back();
  const std::size_t host = url.find("://") + 3;
  if (url.find('/', host) == std::string::npos) url += "/v1/traces";
  std::unique_ptr<OtlpSender> sender(new OtlpSender(std::move(url), std::move(headers)));
  TRY_ASSIGN(sender->loop_, IoLoop::Create(sender->clock_));
  sender->http_ = std::make_unique<Http>(*sender->loop_);
  return sender;
}

Status OtlpSender::Send(const OtlpBatch& batch) { return loop_->Run(Post(AsOtlpProtobuf(batch), batch.spans.size())); }

HttpRequest OtlpSender::RequestOf(std::string body) const {
  return {.method = "POST",
          .url = url_,
          .headers = {{"Content-Type", "application/x-protobuf"}},
          .secret_headers = headers_,
          .body = std::move(body)};
}

Async<Status> OtlpSender::Post(std::string body, std::size_t spans) {
  for (int times = 0;; ++times) {
    auto sending = http_->Call(RequestOf(body));
    const auto response = co_await sending;
    if (!response) co_return std::unexpected(response.error().error);
    if (MayAskAgain(response->status) && times + 1 < kMostTimes) {
      auto pausing = loop_->Sleep(PauseBefore(*response, times));
      CO_TRY(co_await pausing);
      continue;
    }
    if (response->status / 100 != 2)
      co_return WorldError(fmt::format("the receiver answered {} after {} spans were sent: {}", response->status,
                                       spans_sent_, Printable(response->body, 300)),
                           url_);
    const std::string* type = response->Header("content-type");
    const OtlpAnswer answer = ReadOtlpAnswer(type == nullptr ? std::string_view() : *type, response->body);
    if (!answer.refusal.empty())
      co_return WorldError(
          fmt::format("the receiver answered {} with {}", response->status, Printable(answer.refusal, 300)), url_);
    if (answer.rejected > 0)
      co_return WorldError(fmt::format("the receiver rejected {} of {} spans: {}", answer.rejected, spans,
                                       Printable(answer.message, 300)),
                           url_);
    if (!answer.message.empty()) PrintNote("note: the receiver says: " + Printable(answer.message, 300));
    spans_sent_ += spans;
    co_return Status();
  }
}

}  // namespace xsweep
