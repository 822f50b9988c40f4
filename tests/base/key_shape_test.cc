// Keys in the wrong place are noticed, and the message never repeats them.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/key_shape.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/system/secret.h"

namespace xsweep {
namespace {

TEST(AKey, IsToldFromNames) {
  for (const char* key : {"sk-proj-AbCdEf0123456789", "gsk_0a1b2c3d4e5f60718293", "AIzaSyAbCdEf0123456789",
                          "hf_abcdefghijkl", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "Bearer abcdefghij"})
    EXPECT_TRUE(LooksLikeKey(key)) << key;
  for (const char* name : {"OPENAI_API_KEY", "MY_PROVIDER_KEY_2", "gpt-4.1-mini", "key", "", "20261126"})
    EXPECT_FALSE(LooksLikeKey(name)) << name;
}

TEST(AnAddress, HoldsNoKey) {
  for (const char* address :
       {"https://user:sk-live-CANARY1234@api.example.com/v1", "https://sk-live-CANARY1234@h/v1",
        "https://h/v1?key=CANARY", "https://h/v1?a=1&api-key=CANARY", "https://h/v1?x=AIzaSyCANARY0123456789",
        "https://h/v1#token=CANARY", "https://h/sk-live-CANARY1234/v1", "http://u:p/w@h/v1"}) {
    const std::string why = KeyInAddress(address);
    EXPECT_FALSE(why.empty()) << address;
    EXPECT_EQ(why.find("CANARY"), std::string::npos) << why;
  }
  for (const char* address : {"https://api.openai.com/v1", "http://127.0.0.1:8080/v1", "http://[::1]:80/v1",
                              "https://x.openai.azure.com/openai/deployments/gpt-4/?api-version=2024-10-21"})
    EXPECT_EQ(KeyInAddress(address), "") << address;
}

TEST(ASecret, IsBlottedOutShoutedBackwardsAndAsEntities) {
  const Secret secret("gsk_0a1b2c3d4e5f");
  for (std::string text : {"GSK_0A1B2C3D4E5F", "f5e4d3c2b1a0_ksg", "&#103;sk_0a1b2c3d4e5f",
                           "&#x67;&#x73;k_0a1b2c3d4e5f", "g=73k_0a1b2c3d4e5f",
                           "67736B5F30613162326333643465356"
                           "6"}) {
    secret.Scrub(text);
    EXPECT_EQ(text, "[secret]");
  }
  std::string other = "gsk_0a1b2c3d4e5";
  secret.Scrub(other);
  EXPECT_EQ(other, "gsk_0a1b2c3d4e5");
}

/// The time that one scrubbing takes, in units of the time for a text of the same length that is all letters.
TEST(ASecret, IsScrubbedInTimeProportionalToTheText) {
  const Secret secret("gsk_0a1b2c3d4e5f");
  for (const char* piece : {"gsk_0a1b2c3d4e5f", "\\", "gsk_0a1b2c3d4e5", "&", "%67", "&#103;"}) {
    std::string text;
    while (text.size() < (std::size_t{4} << 20U)) text += piece;
    const auto start = std::chrono::steady_clock::now();
    secret.Scrub(text);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << piece;
    EXPECT_EQ(text.find("gsk_0a1b2c3d4e5f"), std::string::npos);
  }
}

TEST(ASecret, WithACharacterThatNoHeaderCarriesIsRefusedWithoutRepeatingIt) {
  for (const char* key :
       {"sk-test-AbC\u200b0123456789", "sk-test 0123456789", "sk-test-0123456789\t", "sk-\xC3\xA9-0123456789"}) {
    setenv("XSWEEP_TEST_ODD_KEY", key, 1);
    const auto read = Secret::FromEnvironment("XSWEEP_TEST_ODD_KEY");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().kind, ErrorKind::kUser);
    EXPECT_EQ(read.error().Text().find("0123456789"), std::string::npos);
  }
  unsetenv("XSWEEP_TEST_ODD_KEY");
}

TEST(AShortKey, IsBlottedOutWhereItsStartShowsWhatItIs) {
  std::string echoed = "wrong key: SK-1234, not sk-12345";
  Secret("sk-1234").Scrub(echoed);
  EXPECT_EQ(echoed, "wrong key: [secret], not [secret]5");
  std::string words = "an ollama of none";
  Secret("ollama").Scrub(words);
  Secret("none").Scrub(words);
  EXPECT_EQ(words, "an ollama of none") << "words that servers without keys are given";
}

}  // namespace
}  // namespace xsweep
