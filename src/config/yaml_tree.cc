// MarkedValue: YAML text as a tree that remembers where everything stood. The only home of yaml-cpp.
// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <unordered_map>

#include "base/text.h"
#include "config/yaml_scalar.h"

namespace xsweep {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostValues = 200'000;
constexpr std::size_t kLargestFile = 8U << 20U;

/// Builds the tree from yaml-cpp's events: its own node tree silently lets the last of two equal keys win and expands
/// aliases without a bound. What must end the parse at once is thrown as yaml-cpp throws and caught in ParseYaml.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::uint32_t source, Faults& faults) : source_(source), faults_(faults) {}

  std::optional<MarkedValue> Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Leaf(mark, anchor, "?", ""); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Leaf(mark, anchor, tag, value);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "an alias inside of what it stands for");
    Count(mark, found->second.values);
    Place(MarkedValue(found->second.node), mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(MarkedValue::Kind::kList, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(MarkedValue::Kind::kMap, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    MarkedValue node;
    YAML::Mark mark;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::size_t values_before = 0;
    std::optional<MarkedEntry> entry;  // a key that waits for its value
    bool drop = false;                 // the key is a duplicate: its value is not kept
    std::unordered_map<std::string, std::uint32_t> key_lines;
  };
  struct Anchored {
    MarkedValue node;
    std::size_t values;
  };

  Mark At(const YAML::Mark& mark) const {
    return {source_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }

  void Count(const YAML::Mark& mark, std::size_t values) {
    values_ += values;
    if (values_ > kMostValues) {
      throw YAML::ParserException(mark, fmt::format("more than {} values, aliases included", kMostValues));
    }
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    faults_.Add(At(mark), fmt::format("tags are not supported here: `{}`", Printable(tag)));
  }

  void Leaf(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, const std::string& text) {
    CheckTag(mark, tag);
    Count(mark, 1);
    MarkedValue node;
    node.at = At(mark);
    node.text = text;
    const bool quoted = tag == "!";
    node.scalar = quoted ? Json(text) : TypedScalar(text);
    if (node.scalar.is_double() && !std::isfinite(node.scalar.AsDouble())) {
      faults_.Add(node.at, fmt::format("`{}` is not a finite number", Printable(text)));
      node.scalar = 0;
    }
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, 1};
    Place(std::move(node), mark);
  }

  void Open(MarkedValue::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    CheckTag(mark, tag);
    if (levels_.size() >= kDeepest) {
      throw YAML::ParserException(mark, fmt::format("nested deeper than {} levels", kDeepest));
    }
    Level level;
    level.node.kind = kind;
    level.node.at = At(mark);
    level.mark = mark;
    level.anchor = anchor;
    level.values_before = values_;
    Count(mark, 1);
    levels_.push_back(std::move(level));
  }

  void Close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (level.anchor != YAML::NullAnchor) anchors_[level.anchor] = {level.node, values_ - level.values_before};
    Place(std::move(level.node), level.mark);
  }

  void Place(MarkedValue node, const YAML::Mark& mark) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.is_list()) {
      level.node.items.push_back(std::move(node));
    } else if (!level.entry) {
      PlaceKey(level, node, mark);
    } else {
      level.entry->value = std::move(node);
      // A value that is not there is marked where the next thing begins; what is wrong is its key.
      MarkedValue& value = level.entry->value;
      if (value.is_null() && value.at.line != level.entry->key_at.line) value.at = level.entry->key_at;
      if (!level.drop) level.node.entries.push_back(std::move(*level.entry));
      level.entry.reset();
    }
  }

  void PlaceKey(Level& level, const MarkedValue& key, const YAML::Mark& mark) {
    level.entry = MarkedEntry{key.text, At(mark), {}};
    level.drop = key.kind != MarkedValue::Kind::kScalar;
    if (level.drop) return faults_.Add(At(mark), "a key must be text, not a list or a mapping");
    const auto [first, added] = level.key_lines.emplace(key.text, At(mark).line);
    level.drop = !added;
    if (!added) {
      faults_.Add(At(mark),
                  fmt::format("key `{}` is given twice (first on line {})", Printable(key.text), first->second));
    }
  }

  std::uint32_t source_;
  Faults& faults_;
  std::size_t values_ = 0;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::optional<MarkedValue> root_;
};

Mark MarkOfOffset(std::string_view text, std::size_t offset, std::uint32_t source) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0
  return {source, static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
          static_cast<std::uint32_t>(offset - line_start + 1)};
}

/// Faults that are better said about the bytes than by the YAML grammar. True when the text can be parsed at all.
bool CheckBytes(std::string_view text, std::uint32_t source, Faults& faults) {
  if (text.size() > kLargestFile) {
    faults.Add({source, 1, 1}, fmt::format("{} bytes is too large for a config", WithThousands(text.size())));
    return false;
  }
  if (const auto bad = FindInvalidUtf8(text)) {
    const auto byte = static_cast<unsigned char>(text[*bad]);
    faults.Add(MarkOfOffset(text, *bad, source), fmt::format("not UTF-8: byte 0x{:02x}; save the file as UTF-8", byte));
    return false;
  }
  const auto control = std::ranges::find_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F;
  });
  if (control == text.end()) return true;
  const auto offset = static_cast<std::size_t>(control - text.begin());
  faults.Add(MarkOfOffset(text, offset, source),
             fmt::format("control character 0x{:02x}; write it as an escape in double quotes",
                         static_cast<unsigned char>(*control)));
  return false;
}

/// The first line up to `last_line` that is indented with a tab; YAML forbids it, yaml-cpp explains it badly.
std::optional<Mark> FindTabIndent(std::string_view text, std::uint32_t last_line, std::uint32_t source) {
  std::uint32_t number = 0;
  for (const std::string& line : Split(text, '\n')) {
    if (++number > last_line) break;
    const std::size_t tab = line.find_first_not_of(' ');
    if (tab != std::string::npos && line[tab] == '\t') {
      return Mark{source, number, static_cast<std::uint32_t>(tab + 1)};
    }
  }
  return std::nullopt;
}

void AddYamlFault(const YAML::Exception& problem, std::string_view text, std::uint32_t source, Faults& faults) {
  Mark at{source, 1, 1};
  if (!problem.mark.is_null()) {
    at.line = static_cast<std::uint32_t>(problem.mark.line + 1);
    at.column = static_cast<std::uint32_t>(problem.mark.column + 1);
  }
  if (const auto tab = FindTabIndent(text, at.line + 1, source)) {
    return faults.Add(*tab, "a tab in the indentation; YAML allows only spaces there");
  }
  // A JSON document with \ud83d\ude00: YAML's escapes are whole characters.
  const bool half = problem.msg.starts_with("invalid unicode");
  faults.Add(at, "not valid YAML: " + Printable(problem.msg, 200) +
                     (half ? "; write the character itself or \\U and its eight digits" : ""));
}

}  // namespace

std::optional<MarkedValue> ParseYaml(std::string_view text, std::uint32_t source, Faults& faults) {
  if (!CheckBytes(text, source, faults)) return std::nullopt;
  TreeBuilder builder(source, faults);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return std::nullopt;
    auto root = builder.Take();
    TreeBuilder second(source, faults);
    if (parser.HandleNextDocument(second)) {
      const auto rest = second.Take();
      faults.Add(rest ? rest->at : Mark{source, 1, 1}, "a second document; a config is one document");
    }
    return root;
  } catch (const YAML::Exception& problem) {
    AddYamlFault(problem, text, source, faults);
  } catch (const std::exception& problem) {
    faults.Add({source, 1, 1}, "not valid YAML: " + Printable(problem.what(), 200));
  }
  return std::nullopt;
}

}  // namespace xsweep
