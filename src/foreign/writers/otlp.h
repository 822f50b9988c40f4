// OtlpBatch: spans as OpenTelemetry's protocol has them (opentelemetry-proto 1.x, trace/v1), and both of its encodings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xsweep {

/// The conventions' version whose names are used; stands in every batch as `schemaUrl`.
inline constexpr std::string_view kOtlpSchema = "https://opentelemetry.io/schemas/1.37.0";

struct OtlpAttribute {
  std::string key;
  std::variant<std::string, std::int64_t, bool> value;  ///< texts in UTF-8
};

/// The list of attributes of a span, an event or a resource. Empty texts are left out.
class OtlpAttributes {
 public:
  void Text(std::string_view key, std::string_view value) {
    if (!value.empty()) list_.push_back({std::string(key), std::string(value)});
  }
  void Number(std::string_view key, std::int64_t value) { list_.push_back({std::string(key), value}); }
  void Flag(std::string_view key, bool value) { list_.push_back({std::string(key), value}); }
  const std::vector<OtlpAttribute>& list() const { return list_; }

 private:
  std::vector<OtlpAttribute> list_;
};

struct OtlpEvent {
  std::string name;
  std::int64_t time = 0;  ///< nanoseconds since 1970
  OtlpAttributes attributes{};
};

struct OtlpSpan {
  std::string trace, id, parent;  ///< in hex: 32, 16 and 16 digits; no parent: empty
  std::string name;
  std::int64_t begin = 0, end = 0;  ///< nanoseconds since 1970
  OtlpAttributes attributes;
  std::vector<OtlpEvent> events;
  std::string error;  ///< empty: the status stays unset
};

/// The spans of one process, xsweep.
struct OtlpBatch {
  OtlpAttributes resource;
  std::string version;  ///< of xsweep
  std::vector<OtlpSpan> spans;
};

/// An ExportTraceServiceRequest in OTLP/JSON, on one line without its end: ids in hex, 64-bit numbers as texts.
std::string AsOtlpJson(const OtlpBatch& batch);
/// The same in protobuf, which some receivers take alone.
std::string AsOtlpProtobuf(const OtlpBatch& batch);

/// What a receiver says of a batch that it has answered with 2xx.
struct OtlpAnswer {
  std::int64_t rejected = 0;  ///< spans that it did not take
  std::string message;        ///< why, or a warning
  std::string refusal{};      ///< why this is no answer of a receiver's: a page, or an error in spite of its status
};
/// Of an ExportTraceServiceResponse in either encoding. An empty answer takes everything, as does what says nothing.
OtlpAnswer ReadOtlpAnswer(std::string_view content_type, std::string_view body);

}  // namespace xsweep
