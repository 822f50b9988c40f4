// Traces as OpenTelemetry's protocol has them, and what a receiver may answer.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/writers/otlp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/json.h"
#include "foreign/writers/send_otlp.h"
#include "foreign/writers/write_otlp.h"
#include "support/model_server.h"

namespace xsweep {
namespace {

using ::testing::HasSubstr;
using testing::ModelServer;
using ::testing::Not;
using testing::SeenRequest;
using testing::ServerReply;

OtlpBatch ABatch() {
  OtlpBatch batch{.resource = {}, .version = "1", .spans = {}};
  batch.resource.Text("service.name", "xsweep");
  OtlpSpan& span = batch.spans.emplace_back();
  span.trace = "00112233445566778899aabbccddeeff";
  span.id = "0123456789abcdef";
  span.parent = "fedcba9876543210";
  span.name = "execute_tool \u00fc";
  span.begin = 1'700'000'000'000'000'000;
  span.end = span.begin + 1000;
  span.attributes.Text("text", std::string(130, 'x'));
  span.attributes.Text("left out", "");
  span.attributes.Number("number", -3);
  span.attributes.Number("big", 300);
  span.attributes.Number("none", 0);
  span.attributes.Flag("no", false);
  span.attributes.Flag("yes", true);
  OtlpEvent& event = span.events.emplace_back();
  event.name = "planted";
  event.time = span.begin + 500;
  event.attributes.Number("turn", 2);
  span.error = "blocked";
  return batch;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

// The same message as the classes of opentelemetry-proto 1.45.2 serialise it.
TEST(OtlpProtobuf, IsByteForByteWhatTheProtocolsOwnClassesWrite) {
  std::string text;
  for (int i = 0; i < 130; ++i) text += "78";
  EXPECT_EQ(
      Hex(AsOtlpProtobuf(ABatch())),
      "0ace030a1a0a180a0c736572766963652e6e616d6512080a067873776565701286030a0b0a0678737765657012013112cd020a1000112233"
      "445566778899aabbccddeeff12080123456789abcdef2208fedcba98765432102a0f657865637574655f746f6f6c20c3bc30013900002a36"
      "fe9c971741e8032a36fe9c97174a8e010a04746578741285010a8201" +
          text +
          "4a150a066e756d626572120b18fdffffffffffffffff014a0a0a03626967120318ac024a0a0a046e6f6e65120218004a080a026e6f12"
          "0210004a090a03796573120210015a1e09f4012a36fe9c971712"
          "07706c616e7465641a0a0a047475726e120218027a0b1207626c6f636b656418021a2768747470733a2f2f6f70656e74656c656d6574"
          "7"
          "2792e696f2f736368656d61732f312e33372e301a2768747470733a2f2f6f70656e74656c656d657472792e696f2f736368656d61732"
          "f"
          "312e33372e30");
}

TEST(OtlpJson, HasIdsInHexAndLongNumbersAsTexts) {
  const auto json = Json::Parse(AsOtlpJson(ABatch()));
  ASSERT_TRUE(json) << json.error().Text();
  const Json& span = json->Find("resourceSpans")->items()[0].Find("scopeSpans")->items()[0].Find("spans")->items()[0];
  EXPECT_EQ(span.StringOr("traceId", ""), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(span.StringOr("startTimeUnixNano", ""), "1700000000000000000");
  EXPECT_EQ(span.Find("attributes")->size(), 6U);
  EXPECT_EQ(span.Find("attributes")->items()[1].Find("value")->StringOr("intValue", ""), "-3");
  EXPECT_EQ(span.Find("events")->size(), 1U);
  EXPECT_EQ(span.Find("status")->IntOr("code", 0), 2);
}

TEST(OtlpAnswers, AreReadInBothEncodingsAndNeverBeyondTheirEnd) {
  const std::string bytes = "\x0a\x0c\x08\xac\x02\x12\x07too old";
  EXPECT_EQ(ReadOtlpAnswer("application/x-protobuf", bytes).rejected, 300);
  EXPECT_EQ(ReadOtlpAnswer("application/x-protobuf", bytes).message, "too old");
  const OtlpAnswer json = ReadOtlpAnswer("application/json; charset=utf-8",
                                         R"({"partialSuccess": {"rejectedSpans": "7", "errorMessage": "full"}})");
  EXPECT_EQ(json.rejected, 7);
  EXPECT_EQ(json.message, "full");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) (void)ReadOtlpAnswer("", bytes.substr(0, cut));
  EXPECT_EQ(ReadOtlpAnswer("", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").rejected, 0);
  EXPECT_EQ(ReadOtlpAnswer("application/json", "<html>").rejected, 0);
  for (const char* none : {"", "{}", "null", R"({"partialSuccess": {}})", R"({"error": null, "code": 0})"})
    EXPECT_EQ(ReadOtlpAnswer("application/json", none).refusal, "") << none;
  for (const char* refusal : {"<!doctype html><html>Sign in", R"({"error": "unauthorized"})",
                              R"({"errors": [{"status": 400}]})", R"({"code": 16, "message": "unauthenticated"})"})
    for (const char* type : {"text/html", "application/json"})
      EXPECT_NE(ReadOtlpAnswer(type, refusal).refusal, "") << refusal;
}

class AReceiver : public ::testing::Test {
 protected:
  static void SetHeaders(const char* value) { setenv("OTEL_EXPORTER_OTLP_HEADERS", value, 1); }
  void TearDown() override { unsetenv("OTEL_EXPORTER_OTLP_HEADERS"); }
  static Status Send(const std::string& url) {
    TRY_ASSIGN(auto headers, OtlpHeadersFromEnvironment());
    TRY_ASSIGN(const auto sender, OtlpSender::Create(url, std::move(headers)));
    return sender->Send(ABatch());
  }
};

TEST_F(AReceiver, GetsProtobufAtThePathOfTheProtocolWithTheHeadersOfTheEnvironment) {
  SeenRequest seen;
  ModelServer server([&](const SeenRequest& request) {
    seen = request;
    return ServerReply{};
  });
  SetHeaders("Authorization=Bearer%20abcdefgh1234, x-scope = a%2Cb");
  ASSERT_TRUE(Send(server.Url("/")));
  EXPECT_EQ(seen.target, "/v1/traces");
  EXPECT_EQ(seen.Header("content-type"), "application/x-protobuf");
  EXPECT_EQ(seen.Header("authorization"), "Bearer abcdefgh1234");
  EXPECT_EQ(seen.Header("x-scope"), "a,b");
  EXPECT_EQ(seen.body, AsOtlpProtobuf(ABatch()));
  ASSERT_TRUE(Send(server.Url("/api/otel/v1/traces")));
  EXPECT_EQ(seen.target, "/api/otel/v1/traces");
}

TEST_F(AReceiver, ThatIsBusyIsAskedAgain) {
  ModelServer server([](const SeenRequest& request) {
    return request.number < 2 ? ServerReply{.status = 503, .headers = {{"Retry-After", "0"}}} : ServerReply{};
  });
  EXPECT_TRUE(Send(server.Url()));
  EXPECT_EQ(server.requests(), 3);
}

TEST_F(AReceiver, ThatTakesNotAllOfItIsAnErrorWithoutKeys) {
  SetHeaders("Authorization=Bearer%20abcdefgh1234");
  ModelServer partly([](const SeenRequest&) {
    return ServerReply{.headers = {{"Content-Type", "application/json"}},
                       .body = R"({"partialSuccess": {"rejectedSpans": 1, "errorMessage": "no abcdefgh1234"}})"};
  });
  const Status rejected = Send(partly.Url());
  ASSERT_FALSE(rejected);
  EXPECT_THAT(rejected.error().message, HasSubstr("rejected 1 of 1 spans"));
  EXPECT_THAT(rejected.error().Text(), Not(HasSubstr("abcdefgh1234")));
  ModelServer refusing([](const SeenRequest&) { return ServerReply{.status = 415, .body = "only JSON"}; });
  const Status refused = Send(refusing.Url());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("answered 415"));
  EXPECT_EQ(refusing.requests(), 1);
}

TEST_F(AReceiver, IsNotAskedWithHeadersThatAreNone) {
  for (const char* wrong : {"novalue", "=x", "a b=x", "a=%4", "a=%zz", "a=x%0d%0ay: 1"}) {
    SetHeaders(wrong);
    const auto headers = OtlpHeadersFromEnvironment();
    ASSERT_FALSE(headers) << wrong;
    EXPECT_EQ(headers.error().where, "OTEL_EXPORTER_OTLP_HEADERS");
    EXPECT_THAT(headers.error().message, Not(HasSubstr(wrong)));
  }
}

/// The trace of the first trial of a run of that name that began at that second.
std::string TraceOf(const std::string& exp) {
  ExportedRun run;
  run.manifest.exp = exp;
  run.manifest.run_id = "20261127T164158Z-402ee6d-SHIM-s41-t1";
  std::string trace;
  OtlpTraces traces(run, [&trace](const OtlpBatch& batch) {
    trace = batch.spans.front().trace;
    return Status();
  });
  EXPECT_TRUE(traces.Add(ExportedCell(), Trial(), nullptr));
  EXPECT_TRUE(traces.Finish());
  return trace;
}

// A receiver drops spans whose ids it has: of two experiments that began in one second it showed only one.
TEST(OtlpTraceIds, DifferForExperimentsThatBeganInOneSecond) {
  EXPECT_EQ(TraceOf("one").size(), 32U);
  EXPECT_EQ(TraceOf("one"), TraceOf("one"));
  EXPECT_NE(TraceOf("one"), TraceOf("other"));
}

}  // namespace
}  // namespace xsweep
