// OtlpSender: traces to a receiver of OpenTelemetry's protocol over HTTP: a collector, Phoenix, MLflow, a hosted one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "foreign/writers/otlp.h"
#include "net/client/http.h"
#include "net/io_loop.h"

namespace xsweep {

/// Headers as OTEL_EXPORTER_OTLP_TRACES_HEADERS, or else OTEL_EXPORTER_OTLP_HEADERS, says them:
/// "name=value,name=value", values percent-encoded. All of them are taken for secrets. Fails with kUser, naming the
/// variable and never a value.
Expected<std::vector<SecretHeader>> OtlpHeadersFromEnvironment();

class OtlpSender {
 public:
  /// `url` is the receiver's; without a path it is that of traces by the protocol, /v1/traces.
  static Expected<std::unique_ptr<OtlpSender>> Create(std::string url, std::vector<SecretHeader> headers);

  /// Posts one batch in protobuf and waits for the answer. What may be asked again is, as the protocol says: 429, 502,
  /// 503 and 504, five times, after what the receiver asks for or 1, 2, 4 and 8 seconds. Fails with kWorld when the
  /// receiver does not take it, or not all of it.
  Status Send(const OtlpBatch& batch);
  const std::string& url() const { return url_; }
  std::size_t spans_sent() const { return spans_sent_; }

 private:
  OtlpSender(std::string url, std::vector<SecretHeader> headers) : url_(std::move(url)), headers_(std::move(headers)) {}
  Async<Status> Post(std::string body, std::size_t spans);
  HttpRequest RequestOf(std::string body) const;

  const std::string url_;
  const std::vector<SecretHeader> headers_;
  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_;
  std::unique_ptr<Http> http_;
  std::size_t spans_sent_ = 0;
};

}  // namespace xsweep
