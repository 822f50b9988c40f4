// Lenient: reply bodies that are not quite JSON, read where that is safe.
// SPDX-License-Identifier: Apache-2.0
#include "models/replies/lenient.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/wire_text.h"

namespace xsweep {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// A Python literal, or JSON with a comma too many, in JSON's spelling.
class Respelling {
 public:
  explicit Respelling(std::string_view text) : text_(text) {}

  std::string Respell() {
    while (at_ < text_.size()) {
      const char next = text_[at_];
      if (next == '"' || next == '\'') {
        String(next);
      } else if (next == ',' && EndsBehind(at_ + 1)) {
        ++at_;
      } else if (!Word()) {
        out_ += text_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  bool EndsBehind(std::size_t at) const {
    const std::size_t next = text_.find_first_not_of(kBlanks, at);
    return next != std::string_view::npos && (text_[next] == '}' || text_[next] == ']');
  }

  bool Word() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kWords = {
        {{"True", "true"}, {"False", "false"}, {"None", "null"}}};
    for (const auto& [python, json] : kWords) {
      if (!text_.substr(at_).starts_with(python)) continue;
      out_ += json;
      at_ += python.size();
      return true;
    }
    return false;
  }

  void String(char quote) {
    out_ += '"';
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        if (text_[at_] != '\'') out_ += '\\';
      } else if (text_[at_] == '"') {
        out_ += '\\';
      }
      out_ += text_[at_];
    }
    if (at_ < text_.size()) out_ += '"', ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

std::string_view WithoutFence(std::string_view text) {
  if (!text.starts_with("```") || !text.ends_with("```") || text.size() < 7) return text;
  text = text.substr(0, text.size() - 3);
  const std::size_t line = text.find('\n');
  return line == std::string_view::npos ? text : BareBody(text.substr(line + 1));
}

/// Where the object that `text` begins with ends, its strings in either kind of quotes; 0: it does not.
std::size_t EndOfObject(std::string_view text) {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i];
    if (quote != 0) {
      if (next == '\\') ++i;
      if (next == quote) quote = 0;
    } else if (next == '"' || next == '\'') {
      quote = next;
    } else if (next == '{') {
      ++depth;
    } else if (next == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

/// What is left of `text` when the object that it begins with is the one that was meant; `text` where that is not sure.
std::string_view TheObject(std::string_view text) {
  while (text.starts_with('{')) {
    const std::size_t end = EndOfObject(text);
    if (end == 0) return text;
    const std::string_view first = text.substr(0, end);
    const std::string_view rest = BareBody(text.substr(end));
    if (rest.empty() || rest == first || rest.find('{') == std::string_view::npos) return first;
    if (BareBody(first.substr(1, first.size() - 2)).empty()) {
      text = rest;
    } else {
      return text;
    }
  }
  return text;
}

std::optional<Json> AsObject(Expected<Json> parsed) {
  if (parsed && parsed->is_array() && parsed->size() == 1) parsed = Json(parsed->items().front());
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(*parsed);
}

}  // namespace

std::string_view BareBody(std::string_view body) {
  body = WithoutByteOrderMark(body);
  if (body.starts_with(")]}'")) body.remove_prefix(std::min(body.find('\n'), body.size()));
  for (;;) {
    const std::size_t begin = body.find_first_not_of(kBlanks);
    body.remove_prefix(begin == std::string_view::npos ? body.size() : begin);
    if (!body.starts_with(':')) break;
    const std::size_t end = body.find('\n');
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  }
  while (!body.empty() && (body.back() == '\0' || kBlanks.find(body.back()) != std::string_view::npos)) {
    body.remove_suffix(1);
  }
  return body;
}

Expected<Json> ParseBody(std::string_view body) {
  const std::string_view bare = BareBody(body);
  return bare.empty() ? Json::Parse(bare) : ParseMended(bare);
}

std::optional<Json> ReadLooseObject(std::string_view text) {
  Expected<Json> parsed = ParseBody(text);
  if (parsed && parsed->is_string()) {
    const std::string inner = parsed->AsString();
    parsed = ParseBody(inner);
    if (!parsed) return AsObject(ParseBody(Respelling(BareBody(inner)).Respell()));
  }
  if (parsed) return AsObject(std::move(parsed));
  const std::string_view bare = TheObject(WithoutFence(BareBody(text)));
  if (auto object = AsObject(ParseBody(bare))) return object;
  if (!bare.starts_with('{')) return std::nullopt;
  return AsObject(ParseBody(Respelling(bare).Respell()));
}

}  // namespace xsweep
