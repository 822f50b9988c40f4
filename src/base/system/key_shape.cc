// What keys look like.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/key_shape.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace xsweep {
namespace {

constexpr std::array<std::string_view, 22> kPrefixes = {
    "sk-",  "sk_",  "pk-",    "gsk_",  "AIza", "xai-",  "hf_", "ghp_",   "gho_",  "github_pat_", "r8_",
    "AKIA", "ASIA", "nvapi-", "pplx-", "fw_",  "ya29.", "eyJ", "glpat-", "xoxb-", "Bearer ",     "key-"};
constexpr std::size_t kShortestKey = 12;
constexpr std::size_t kLong = 20;

constexpr std::array<std::string_view, 9> kKeyWords = {"key",  "token", "secret", "sig",       "auth",
                                                       "pass", "code",  "cred",   "session_id"};

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool HasKnownStart(std::string_view text) {
  return text.size() >= kShortestKey &&
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

/// Calls `visit` for the pieces between any of `separators` until it says true.
template <class Visit>
bool AnyPiece(std::string_view text, std::string_view separators, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (visit(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace

bool LooksLikeKey(std::string_view text) {
  if (HasKnownStart(text)) return true;
  const bool one_piece = text.size() >= kLong && std::ranges::all_of(text, IsAlnum);
  return one_piece && std::ranges::count_if(text, IsDigit) >= 3 && !std::ranges::all_of(text, IsDigit);
}

bool IsSurelyKey(std::string_view word) {
  return word.size() >= kLong && HasKnownStart(word) && std::ranges::count_if(word, IsDigit) >= 3;
}

bool IsVariableName(std::string_view text) {
  return !text.empty() && !IsDigit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return IsAlnum(c) || c == '_'; });
}

bool NamesAVariable(const std::string& text) {
  return IsVariableName(text) &&
         (!LooksLikeKey(text) || std::getenv(text.c_str()) != nullptr);  // NOLINT(concurrency-mt-unsafe)
}

bool NamesAKey(std::string_view name) {
  const std::string lower = Lower(name);
  return std::ranges::any_of(kKeyWords, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string KeyInAddress(std::string_view address) {
  const std::size_t scheme = address.find("://");
  std::string_view rest = scheme == std::string_view::npos ? address : address.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  // A user part with a slash in it would end the authority early; no path of an API has an @.
  if (rest.substr(0, rest.find_first_of("?#")).find('@') != std::string_view::npos) {
    return "has a user or password in it; name the environment variable that holds the key in `api_key_env`";
  }
  const std::size_t query = rest.find_first_of("?#");
  const std::string_view path =
      rest.substr(authority.size(), query == std::string_view::npos ? query : query - authority.size());
  if (AnyPiece(path, "/", HasKnownStart)) return "has what looks like a key in its path";
  if (query == std::string_view::npos) return {};
  const bool key = AnyPiece(rest.substr(query + 1), "&;#?", [](std::string_view member) {
    const std::size_t equals = member.find('=');
    const std::string_view name = member.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? name : member.substr(equals + 1);
    return (equals != std::string_view::npos && NamesAKey(name)) || LooksLikeKey(value);
  });
  return key ? "has a key in its query; name the environment variable that holds it in `api_key_env`" : std::string();
}

void KeepOutOfDumps() {
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A leak sanitizer looks at its own process from outside.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace xsweep
