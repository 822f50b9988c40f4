// Secret: a key that can be sent but not shown, and that is blotted out wherever it comes back.
// SPDX-License-Identifier: Apache-2.0
#include "base/system/secret.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/characters.h"

namespace xsweep {
namespace {

constexpr std::string_view kBlot = "[secret]";
constexpr std::size_t kShortestScrubbed = 8;
constexpr std::size_t kDeepest = 15;  // backslashes in a row

int HexValue(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    const int digit = HexDigit(c);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/// Case is folded everywhere: servers shout keys back, and two letters that differ in case only give nothing away.
int Fold(int c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }
int Fold(char c) { return Fold(static_cast<int>(static_cast<unsigned char>(c))); }

/// How many characters at `at`, which is '&', are an HTML entity for `code`: &#65; &#x41; &amp; and its kin.
std::size_t EntityFor(std::string_view text, std::size_t at, int code) {
  const std::string_view window = text.substr(at, 12);
  const std::size_t end = window.find(';');
  if (end == std::string_view::npos || end < 3) return 0;
  const std::string_view body = window.substr(1, end - 1);
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [name, character] : kNamed) {
    if (body == name) return Fold(character) == code ? end + 1 : 0;
  }
  if (body[0] != '#' || body.size() < 2) return 0;
  if (body[1] == 'x' || body[1] == 'X') return Fold(HexValue(body.substr(2))) == code ? end + 1 : 0;
  int value = 0;
  for (const char c : body.substr(1)) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return Fold(value) == code ? end + 1 : 0;
}

/// How many characters at `at` spell `wanted` in either case: itself, \x, \u00XX (with any number of backslashes), %XX,
/// =XX or an HTML entity. 0: they spell something else.
std::size_t SpelledAs(std::string_view text, std::size_t at, char wanted) {
  if (at >= text.size()) return 0;
  const int code = Fold(wanted);
  if (Fold(text[at]) == code) return 1;
  if ((text[at] == '%' || text[at] == '=') && at + 3 <= text.size())
    return Fold(HexValue(text.substr(at + 1, 2))) == code ? 3 : 0;
  if (text[at] == '&') return EntityFor(text, at, code);
  // JSON inside a JSON string doubles the backslashes, once per level.
  std::size_t slashes = 0;
  while (slashes < kDeepest && at + slashes < text.size() && text[at + slashes] == '\\') ++slashes;
  const std::string_view rest = text.substr(at + slashes);
  if (slashes == 0 || rest.empty()) return 0;
  if (rest.size() >= 5 && rest[0] == 'u' && Fold(HexValue(rest.substr(1, 4))) == code) return slashes + 5;
  return Fold(rest[0]) == code ? slashes + 1 : 0;
}

/// Length of the spelling of `form` that starts at `at`, or 0.
std::size_t MatchAt(std::string_view text, std::size_t at, std::string_view form) {
  std::size_t position = at;
  for (const char wanted : form) {
    const std::size_t length = SpelledAs(text, position, wanted);
    if (length == 0) return 0;
    position += length;
  }
  return position - at;
}

std::string Base64(std::string_view bytes, std::string_view last_two) {
  std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  alphabet += last_two;
  std::string out;
  for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + k]));
    };
    const std::uint32_t group = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += alphabet[(group >> shift) & 63U];
  }
  return out;
}

/// Every spelling to look for. Base64 of a longer text holds the groups of three that lie wholly inside the key, at
/// one of three offsets; the few bits shared with neighbours are left.
std::vector<std::string> Forms(const std::string& key) {
  std::vector<std::string> forms = {key};
  // Shorter ones are words such as `none` and `ollama`; a start that only keys have is none.
  if (key.size() < kShortestScrubbed && !(key.size() > 4 && key.starts_with("sk-"))) return {};
  for (const std::string_view last_two : {"+/", "-_"}) {
    for (std::size_t offset = 0; offset < 3; ++offset) {
      if (key.size() >= kShortestScrubbed) forms.push_back(Base64(std::string_view(key).substr(offset), last_two));
    }
  }
  forms.push_back(Hex(key));
  forms.emplace_back(key.rbegin(), key.rend());
  return forms;
}

/// Where one of the spellings may start.
std::array<bool, 256> Starts(const std::vector<std::string>& forms) {
  std::array<bool, 256> starts{};
  for (const std::string& form : forms) {
    for (int c = 0; c < 256; ++c) starts[static_cast<std::size_t>(c)] |= Fold(c) == Fold(form.front());
  }
  if (!forms.empty()) starts['%'] = starts['='] = starts['&'] = starts['\\'] = true;
  return starts;
}

}  // namespace

struct Secret::Data {
  std::string value;
  std::vector<std::string> forms;
  std::array<bool, 256> starts;

  explicit Data(std::string key) : value(std::move(key)), forms(Forms(value)), starts(Starts(forms)) {}
  ~Data() {
    explicit_bzero(value.data(), value.size());
    for (std::string& form : forms) explicit_bzero(form.data(), form.size());
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;
};

Secret::Secret(std::string value) {
  if (!value.empty()) data_ = std::make_shared<const Data>(std::move(value));
}

Expected<Secret> Secret::FromEnvironment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0') {
    return UserError("the environment variable " + variable + " is not set; put the key there, e.g. `export " +
                     variable + "=...`");
  }
  const std::string key = value;
  if (key.find_first_of("\r\n") != std::string::npos) {
    return UserError("the key in the environment variable " + variable + " contains a line break; remove it");
  }
  // Blanks and invisible characters come along when a key is pasted; no header carries them as they are, and a server
  // that repeats what it understood would repeat it in a spelling that nobody can know.
  if (std::ranges::any_of(key, [](unsigned char c) { return c <= 0x20 || c >= 0x7F; })) {
    return UserError(
        "the key in the environment variable " + variable +
        " contains a blank or a character that no key has (invisible ones come along when pasting); set it again");
  }
  return Secret(key);
}

std::string_view Secret::Reveal() const { return data_ ? std::string_view(data_->value) : std::string_view(); }

void Secret::Scrub(std::string& text) const {
  if (!data_ || data_->forms.empty()) return;
  const auto spelled = [&](std::size_t at) -> std::size_t {
    for (const std::string& form : data_->forms) {
      if (const std::size_t length = MatchAt(text, at, form); length > 0) return length;
    }
    return 0;
  };
  // What is kept is copied once, so that a text full of keys takes no longer than one without.
  std::string kept;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!data_->starts[static_cast<unsigned char>(text[at])]) continue;
    std::size_t run = at;  // of backslashes: where one starts decides for all of it
    while (run < text.size() && text[run] == '\\') ++run;
    if (run - at > kDeepest) at = run - kDeepest;
    const std::size_t length = spelled(at);
    if (length == 0) {
      if (run > at) at = run - 1;
      continue;
    }
    kept.append(text, copied, at - copied).append(kBlot);
    copied = at + length;
    at = copied - 1;
  }
  if (copied == 0) return;
  kept.append(text, copied);
  text = std::move(kept);
}

}  // namespace xsweep
