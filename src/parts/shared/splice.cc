// Splice: a text put into one leaf of a tool's result.
// SPDX-License-Identifier: Apache-2.0
#include "parts/shared/splice.h"

#include <charconv>

namespace xsweep {
namespace {

/// Walks over JSON text that is known to be valid.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  struct Span {
    std::size_t begin, end;
  };
  /// Where the value at `steps` stands.
  std::optional<Span> Find(const std::vector<std::string>& steps) {
    Blank();
    for (const std::string& step : steps) {
      if (!Enter(step)) return std::nullopt;
    }
    const std::size_t begin = at_;
    Skip();
    return Span{begin, at_};
  }

 private:
  char Now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Blank() {
    while (Now() == ' ' || Now() == '\n' || Now() == '\r' || Now() == '\t') ++at_;
  }
  void SkipString() {
    for (++at_; Now() != '"'; ++at_) {
      if (Now() == '\\') ++at_;
    }
    ++at_;
  }
  void Skip() {
    int depth = 0;
    do {
      const char next = Now();
      if (next == '"') {
        SkipString();
      } else if (next == '{' || next == '[') {
        ++depth;
        ++at_;
      } else if (next == '}' || next == ']') {
        --depth;
        ++at_;
      } else if (depth == 0) {
        while (at_ < text_.size() && std::string_view(",]} \n\r\t").find(Now()) == std::string_view::npos) ++at_;
      } else {
        ++at_;
      }
    } while (depth > 0);
  }
  std::string Key() {
    const std::size_t begin = at_;
    SkipString();
    const auto key = Json::Parse(text_.substr(begin, at_ - begin));
    return key && key->is_string() ? key->AsString() : std::string();
  }
  // Stands at the child of the value here; false when there is none.
  bool Enter(const std::string& step) {
    const bool object = Now() == '{';
    if (!object && Now() != '[') return false;
    ++at_;
    Blank();
    for (std::size_t index = 0; Now() != '}' && Now() != ']'; ++index) {
      bool here = step == "*" || (!object && step == std::to_string(index));
      if (object) {
        here = Key() == step || step == "*";
        Blank();
        ++at_;
        Blank();
      }
      if (here) return true;
      Skip();
      Blank();
      if (Now() == ',') ++at_;
      Blank();
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

const Json* ChildOf(const Json& parent, std::string_view step) {
  if (parent.is_object()) {
    if (step != "*") return parent.Find(step);
    return parent.size() > 0 ? &parent.members().front().second : nullptr;
  }
  if (!parent.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (step != "*" && (code != std::errc() || end != step.data() + step.size())) return nullptr;
  return index < parent.size() ? &parent.items()[index] : nullptr;
}

Json* MutableAt(Json& root, const std::vector<std::string>& steps) {
  Json* at = &root;
  for (const std::string& step : steps) {
    if (ChildOf(*at, step) == nullptr) return nullptr;
    if (at->is_object()) {
      at = step == "*" ? &at->MutableMembers().front().second : at->FindMutable(step);
    } else {
      at = &at->MutableItem(step == "*" ? 0 : std::stoul(step));
    }
  }
  return at;
}

std::string After(const std::string& before, std::string_view text, bool replace) {
  return replace || before.empty() ? std::string(text) : before + ' ' + std::string(text);
}

// The first string of a value, in order; nullptr when it has none.
Json* FirstText(Json& value) {
  if (value.is_string()) return &value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    Json& child = value.is_object() ? value.MutableMembers()[i].second : value.MutableItem(i);
    if (Json* found = FirstText(child)) return found;
  }
  return nullptr;
}

bool SpliceWhole(std::string& content, Json& structured, std::string_view text, bool replace) {
  content = replace || content.empty() ? std::string(text) : content + '\n' + std::string(text);
  if (structured.is_null()) return true;
  if (Json* leaf = FirstText(structured)) {
    *leaf = Json(After(leaf->AsString(), text, replace));
  } else if (structured.is_object()) {
    structured.Set("note", text);
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> PointerSteps(std::string_view pointer) {
  std::vector<std::string> steps;
  if (pointer.empty()) return steps;
  if (pointer.front() != '/') return std::nullopt;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      steps.emplace_back();
    } else if (pointer[i] != '~') {
      steps.back() += pointer[i];
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      steps.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

const Json* AtPointer(const Json& root, std::string_view pointer) {
  const auto steps = PointerSteps(pointer);
  const Json* at = steps ? &root : nullptr;
  for (std::size_t i = 0; at != nullptr && i < steps->size(); ++i) at = ChildOf(*at, (*steps)[i]);
  return at;
}

bool SpliceText(std::string& json, std::string_view pointer, std::string_view text, bool replace) {
  const auto steps = PointerSteps(pointer);
  if (!steps || !Json::Parse(json)) return false;
  const auto span = Scanner(json).Find(*steps);
  if (!span) return false;
  const auto before = Json::Parse(std::string_view(json).substr(span->begin, span->end - span->begin));
  if (!before || (!before->is_string() && !replace)) return false;
  const std::string now = After(before->is_string() ? before->AsString() : std::string(), text, replace);
  json.replace(span->begin, span->end - span->begin, Json(now).Dump());
  return true;
}

bool SpliceData(Json& data, std::string_view pointer, std::string_view text, bool replace) {
  const auto steps = PointerSteps(pointer);
  Json* leaf = steps ? MutableAt(data, *steps) : nullptr;
  if (leaf == nullptr || (!leaf->is_string() && !replace)) return false;
  *leaf = Json(After(leaf->is_string() ? leaf->AsString() : std::string(), text, replace));
  return true;
}

bool SpliceResult(std::string& content, Json& structured, std::string_view pointer, std::string_view text,
                  bool replace) {
  if (pointer.empty()) return SpliceWhole(content, structured, text, replace);
  const Json* leaf = AtPointer(structured, pointer);
  const std::string before = leaf != nullptr && leaf->is_string() ? leaf->AsString() : std::string();
  const bool in_data = SpliceData(structured, pointer, text, replace);
  if (SpliceText(content, pointer, text, replace)) return true;
  const std::size_t twin = in_data && !before.empty() ? content.find(before) : std::string::npos;
  if (twin != std::string::npos) content.replace(twin, before.size(), After(before, text, replace));
  return in_data;
}

}  // namespace xsweep
