// HTTP/2 over TLS, against a server that nobody here wrote (nghttpd).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "base/system/process.h"
#include "net/client/http.h"
#include "support/child.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

using testing::Answers;
using testing::Child;
using testing::FreePort;

/// Connections of this machine to a port of 127.0.0.1, as the kernel lists them.
int ConnectionsTo(int port) {
  std::ifstream table("/proc/net/tcp");
  const std::string remote = fmt::format(" 0100007F:{:04X} 01 ", port);
  int count = 0;
  for (std::string line; std::getline(table, line);) count += line.find(remote) != std::string::npos;
  return count;
}

class AServerWithHttp2 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasProgram("nghttpd") || !HasProgram("openssl"))
      GTEST_SKIP() << "needs nghttpd and openssl: tools/setup.sh --dev";
    const auto made =
        RunProcess({.args = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                             "-keyout", (folder_ / "key.pem").string(), "-out", certificate_}});
    ASSERT_TRUE(made && made->exit_code == 0) << (made ? made->err : made.error().Text());
    port_ = FreePort();
    server_ = std::make_unique<Child>(std::vector<std::string>{"nghttpd", "--address=127.0.0.1", "--echo-upload",
                                                               std::to_string(port_), (folder_ / "key.pem").string(),
                                                               certificate_});
    for (int tries = 0; tries < 400 && !Answers(port_); ++tries) ::usleep(25000);
    ASSERT_TRUE(Answers(port_)) << "nghttpd does not start";
  }
  HttpRequest Post(std::string body) const {
    return {.method = "POST", .url = fmt::format("https://127.0.0.1:{}/", port_), .body = std::move(body)};
  }

  TempDir folder_;
  const std::string certificate_ = (folder_ / "certificate.pem").string();
  int port_ = 0;
  std::unique_ptr<Child> server_;
  SystemClock clock_;
  std::unique_ptr<IoLoop> loop_ = *IoLoop::Create(clock_);
};

TEST_F(AServerWithHttp2, AnswersManyCallsOverOneConnection) {
  Http http(*loop_, {.ca_file = certificate_});
  constexpr int kAtOnce = 80;
  int right = 0;
  for (int burst = 0; burst < 3; ++burst) {
    for (int i = 0; i < kAtOnce; ++i) {
      std::string body = fmt::format("{} of burst {} ", i, burst) + std::string(static_cast<std::size_t>(i) * 100, 'x');
      HttpRequest request = Post(body);
      loop_->Spawn(http.Call(std::move(request)),
                   [&right, body = std::move(body)](const std::expected<HttpResponse, HttpError>& answer) {
                     EXPECT_TRUE(answer.has_value()) << answer.error().error.Text();
                     right += answer && answer->body == body;
                   });
    }
    loop_->RunSpawned();
    EXPECT_EQ(ConnectionsTo(port_), 1);
  }
  EXPECT_EQ(right, 3 * kAtOnce);
}

TEST_F(AServerWithHttp2, IsNotAskedWhenNobodyVouchesForIt) {
  Http http(*loop_);
  const auto refused = loop_->Run(http.Call(Post("a key would be in here")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, HttpFailure::kConnect);
  EXPECT_THAT(refused.error().error.message, ::testing::HasSubstr("certificate"));
}

}  // namespace
}  // namespace xsweep
