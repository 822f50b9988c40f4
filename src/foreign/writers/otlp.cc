// OtlpBatch: the two encodings of OpenTelemetry's protocol.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/otlp.h"

#include <fmt/format.h>

#include <optional>

#include "base/characters.h"
#include "base/json.h"
#include "base/text.h"

namespace xsweep {
namespace {

constexpr int kInternal = 1;  ///< SPAN_KIND_INTERNAL
constexpr int kFailed = 2;    ///< STATUS_CODE_ERROR

// JSON.

void AppendJson(const OtlpAttributes& attributes, std::string& out) {
  out += '[';
  for (const OtlpAttribute& attribute : attributes.list()) {
    if (out.back() != '[') out += ',';
    out.append(R"({"key":")").append(attribute.key).append(R"(","value":{)");
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      AppendJsonString(*text, out += R"("stringValue":)");
    } else if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
      out += fmt::format(R"("intValue":"{}")", *number);
    } else {
      out += std::get<bool>(attribute.value) ? R"("boolValue":true)" : R"("boolValue":false)";
    }
    out += "}}";
  }
  out += ']';
}

void AppendJson(const OtlpSpan& span, std::string& out) {
  out += fmt::format(R"({{"traceId":"{}","spanId":"{}",)", span.trace, span.id);
  if (!span.parent.empty()) out += fmt::format(R"("parentSpanId":"{}",)", span.parent);
  AppendJsonString(span.name, out += "\"name\":");
  out += fmt::format(R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":)", kInternal,
                     span.begin, span.end);
  AppendJson(span.attributes, out);
  for (std::size_t i = 0; i < span.events.size(); ++i) {
    const OtlpEvent& event = span.events[i];
    out += i == 0 ? ",\"events\":[" : ",";
    out += fmt::format(R"({{"timeUnixNano":"{}","name":"{}","attributes":)", event.time, event.name);
    AppendJson(event.attributes, out);
    out += '}';
  }
  if (!span.events.empty()) out += ']';
  if (!span.error.empty()) {
    out += fmt::format(R"(,"status":{{"code":{},"message":)", kFailed);
    AppendJsonString(span.error, out);
    out += '}';
  }
  out += '}';
}

// Protobuf: fields as its wire format has them, with the numbers of opentelemetry/proto/{trace,common,resource}/v1.

class Fields {
 public:
  void Varint(int field, std::uint64_t value) {
    Key(field, 0);
    Append(value);
  }
  void Fixed64(int field, std::uint64_t value) {
    Key(field, 1);
    for (int i = 0; i < 8; ++i) out_ += static_cast<char>(value >> 8 * i & 0xFF);
  }
  void Bytes(int field, std::string_view bytes) {
    Key(field, 2);
    Append(bytes.size());
    out_ += bytes;
  }
  void Message(int field, const Fields& message) { Bytes(field, message.out_); }
  std::string Take() { return std::move(out_); }

 private:
  void Key(int field, unsigned type) { Append(static_cast<unsigned>(field) << 3U | type); }
  void Append(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  std::string out_;
};

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(HexDigit(hex[i]) << 4 | HexDigit(hex[i + 1]));
  return bytes;
}

void Put(int field, const OtlpAttributes& attributes, Fields& into) {
  for (const OtlpAttribute& attribute : attributes.list()) {
    Fields value, pair;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      value.Bytes(1, *text);
    } else if (const auto* flag = std::get_if<bool>(&attribute.value)) {
      value.Varint(2, *flag ? 1 : 0);
    } else {
      value.Varint(3, static_cast<std::uint64_t>(std::get<std::int64_t>(attribute.value)));
    }
    pair.Bytes(1, attribute.key);
    pair.Message(2, value);
    into.Message(field, pair);
  }
}

Fields AsFields(const OtlpSpan& span) {
  Fields out;
  out.Bytes(1, FromHex(span.trace));
  out.Bytes(2, FromHex(span.id));
  if (!span.parent.empty()) out.Bytes(4, FromHex(span.parent));
  out.Bytes(5, span.name);
  out.Varint(6, kInternal);
  out.Fixed64(7, static_cast<std::uint64_t>(span.begin));
  out.Fixed64(8, static_cast<std::uint64_t>(span.end));
  Put(9, span.attributes, out);
  for (const OtlpEvent& event : span.events) {
    Fields one;
    one.Fixed64(1, static_cast<std::uint64_t>(event.time));
    one.Bytes(2, event.name);
    Put(3, event.attributes, one);
    out.Message(11, one);
  }
  if (!span.error.empty()) {
    Fields status;
    status.Bytes(2, span.error);
    status.Varint(3, kFailed);
    out.Message(15, status);
  }
  return out;
}

/// Reads the fields of one message that are varints or bytes; others are passed.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}
  /// The next field's number; 0 at the end, or where the bytes are no message.
  int Next() {
    const auto key = Varint();
    if (!key) return 0;
    number = 0;
    bytes = {};
    switch (*key & 7U) {
      case 0: number = Varint().value_or(0); break;
      case 1: Skip(8); break;
      case 2: bytes = Skip(Varint().value_or(0)); break;
      case 5: Skip(4); break;
      default: return 0;
    }
    return static_cast<int>(*key >> 3U);
  }
  std::uint64_t number = 0;
  std::string_view bytes;

 private:
  std::optional<std::uint64_t> Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }
  std::string_view Skip(std::uint64_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest_;
};

/// What gateways and receivers say in place of an answer, e.g. {"error": "unauthorized"}, {"code": 16, "message":
/// "..."}.
std::string RefusalIn(const Json& json) {
  const Json* error = json.Find("error");
  if (error != nullptr && !error->is_null() && !(error->is_bool() && !error->AsBool())) return error->Dump();
  const Json* errors = json.Find("errors");
  if (errors != nullptr && errors->is_array() && errors->size() > 0) return errors->Dump();
  return json.IntOr("code", 0) != 0 ? std::string(json.StringOr("message", json.Dump())) : std::string();
}

OtlpAnswer ReadJsonAnswer(std::string_view body) {
  const auto json = Json::Parse(body);
  if (!json || !json->is_object()) return {};
  const Json* partial = json->Find("partialSuccess");
  if (partial == nullptr || !partial->is_object()) return {.message = {}, .refusal = RefusalIn(*json)};
  const Json* rejected = partial->Find("rejectedSpans");
  OtlpAnswer answer{.message = std::string(partial->StringOr("errorMessage", ""))};
  if (rejected != nullptr && rejected->is_int()) answer.rejected = rejected->AsInt();
  if (rejected != nullptr && rejected->is_string())
    answer.rejected = static_cast<std::int64_t>(ParseUnsigned(rejected->AsString()).value_or(0));
  return answer;
}

}  // namespace

std::string AsOtlpJson(const OtlpBatch& batch) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":)";
  AppendJson(batch.resource, out);
  out += fmt::format(R"(}},"scopeSpans":[{{"scope":{{"name":"xsweep","version":"{}"}},"spans":[)", batch.version);
  for (const OtlpSpan& span : batch.spans) {
    if (out.back() != '[') out += ',';
    AppendJson(span, out);
  }
  return out + fmt::format(R"(],"schemaUrl":"{}"}}],"schemaUrl":"{}"}}]}})", kOtlpSchema, kOtlpSchema);
}

std::string AsOtlpProtobuf(const OtlpBatch& batch) {
  Fields resource, scope, spans, of_resource, request;
  Put(1, batch.resource, resource);
  scope.Bytes(1, "xsweep");
  scope.Bytes(2, batch.version);
  spans.Message(1, scope);
  for (const OtlpSpan& span : batch.spans) spans.Message(2, AsFields(span));
  spans.Bytes(3, kOtlpSchema);
  of_resource.Message(1, resource);
  of_resource.Message(2, spans);
  of_resource.Bytes(3, kOtlpSchema);
  request.Message(1, of_resource);
  return request.Take();
}

OtlpAnswer ReadOtlpAnswer(std::string_view content_type, std::string_view body) {
  const std::string_view bare = Trim(body);
  if (bare.starts_with('<')) return {.message = {}, .refusal = "a page: " + std::string(bare.substr(0, 200))};
  if (bare.starts_with('{') || content_type.find("json") != std::string_view::npos) return ReadJsonAnswer(body);
  OtlpAnswer answer;
  FieldReader response(body);
  while (const int field = response.Next()) {
    if (field != 1) continue;
    FieldReader partial(response.bytes);
    while (const int inner = partial.Next()) {
      if (inner == 1) answer.rejected = static_cast<std::int64_t>(partial.number);
      if (inner == 2) answer.message = std::string(partial.bytes);
    }
  }
  return answer;
}

}  // namespace xsweep
