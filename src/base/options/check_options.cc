// The one checker of options.
// SPDX-License-Identifier: Apache-2.0
#include "base/options/check_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace xsweep {
namespace {

std::string Below(const std::string& label, std::string_view name) {
  return label.empty() ? std::string(name) : fmt::format("{}.{}", label, name);
}

void RefuseUnknown(const PartSpec& part, const std::vector<MarkedEntry>& entries, std::string_view name_key,
                   const PartFamily& family, Faults& faults) {
  for (const MarkedEntry& entry : entries) {
    if (entry.key == name_key || FindOption(part.options, entry.key) != nullptr) continue;
    faults.Add(entry.key_at, fmt::format("unknown option `{}` of {} `{}`{}", Printable(entry.key), family.noun,
                                         part.name, DidYouMean(entry.key, NamesOf(part.options), "it takes")));
  }
}

std::string NoSuchPart(const PartFamily& family, std::string_view name) {
  return fmt::format("unknown {} `{}`{}", family.noun, Printable(name),
                     DidYouMean(name, NamesOf(*family.specs), "there are"));
}

/// One value being checked: every check says what is wrong in the same words and at the same place.
class OptionCheck {
 public:
  OptionCheck(const OptionSpec& spec, const MarkedValue& node, const std::string& label, const PartFamily& family,
              Faults& faults)
      : spec_(spec), node_(node), label_(label), family_(family), faults_(faults) {}

  std::optional<Json> Run() {
    switch (spec_.type) {
      case OptionType::kBool: return Bool();
      case OptionType::kInteger: return Integer();
      case OptionType::kNumber: return Number(node_);
      case OptionType::kString: return Text();
      case OptionType::kStringList: return TextList();
      case OptionType::kNumberRange: return NumberRange();
      case OptionType::kPart: return CheckPart(node_, label_, family_, faults_);
      case OptionType::kPartList: return PartList();
      case OptionType::kList: return node_.is_list() ? std::optional(ToJson(node_)) : Wrong("a list");
      case OptionType::kMapping: return node_.is_map() ? std::optional(ToJson(node_)) : Wrong("a mapping");
      case OptionType::kAny: return ToJson(node_);
    }
    return std::nullopt;
  }

 private:
  std::nullopt_t Fault(Mark at, std::string message) {
    faults_.Add(at, std::move(message));
    return std::nullopt;
  }
  std::nullopt_t Wrong(std::string_view expected, std::string_view hint = "") {
    return Fault(node_.at, fmt::format("`{}` must be {}, not {}{}", label_, expected, Shown(node_), hint));
  }
  static std::string Shown(const MarkedValue& node) {
    const std::string_view kind = KindInWords(node);
    if (node.kind != MarkedValue::Kind::kScalar || node.is_null()) return std::string(kind);
    return fmt::format("{} `{}`", kind, Printable(node.text));
  }

  std::optional<Json> Bool() {
    if (node_.kind == MarkedValue::Kind::kScalar && node_.scalar.is_bool()) return node_.scalar;
    return Wrong("true or false", HintOfBool());
  }

  /// Other readers of YAML take these words for true and false, so people write them.
  std::string_view HintOfBool() const {
    const std::string word = AsciiLower(node_.text);
    if (node_.kind != MarkedValue::Kind::kScalar) return "";
    if (word == "yes" || word == "on" || word == "y" || word == "true" || word == "1") return "; write true";
    return word == "no" || word == "off" || word == "n" || word == "false" || word == "0" ? "; write false" : "";
  }

  std::optional<Json> Integer() {
    const Json& value = node_.scalar;
    if (node_.kind != MarkedValue::Kind::kScalar || !value.is_number()) return Wrong("a whole number");
    if (value.is_double()) return Wrong("a whole number");
    // Bounds first: beyond 64 bits too, the bound that was passed says more than that the number is large.
    if (!InBounds(node_)) return std::nullopt;
    if (value.is_big_int()) return Fault(node_.at, fmt::format("`{}` is too large: {}", label_, Printable(node_.text)));
    return value;
  }

  std::optional<Json> Number(const MarkedValue& node) {
    if (node.kind != MarkedValue::Kind::kScalar || !node.scalar.is_number()) {
      return Fault(node.at, fmt::format("`{}` must be a number, not {}", label_, Shown(node)));
    }
    if (!InBounds(node)) return std::nullopt;
    const double value = node.scalar.AsDouble();
    if (!std::isfinite(value)) return Fault(node.at, fmt::format("`{}` is too large", label_));
    // Configs are hashed as they are printed, so 200.0 and 200 have to become one value.
    constexpr double kExact = 9007199254740992.0;  // 2^53
    const bool whole = std::floor(value) == value && std::abs(value) <= kExact;
    return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
  }

  bool InBounds(const MarkedValue& node) {
    const double value = node.scalar.AsDouble();
    const auto say = [&](std::string_view bound, double limit) {
      faults_.Add(node.at, fmt::format("`{}` must be {} {}, not {}", label_, bound, limit, Printable(node.text)));
      return false;
    };
    if (spec_.minimum && value < *spec_.minimum) return say("at least", *spec_.minimum);
    if (spec_.maximum && value > *spec_.maximum) return say("at most", *spec_.maximum);
    return true;
  }

  std::optional<Json> Text() { return TextOf(node_, label_); }

  std::optional<Json> TextOf(const MarkedValue& node, const std::string& label) {
    if (node.kind != MarkedValue::Kind::kScalar || !node.scalar.is_string()) {
      // YAML gives a plain scalar its type by its looks (1.10, 007): only quotes keep it a text.
      const bool quotable = node.kind == MarkedValue::Kind::kScalar && !node.is_null();
      const std::string hint = quotable ? fmt::format("; for text write \"{}\"", Printable(node.text)) : "";
      return Fault(node.at, fmt::format("`{}` must be text, not {}{}", label, Shown(node), hint));
    }
    const std::string& text = node.scalar.AsString();
    if (!spec_.choices.empty() && std::ranges::find(spec_.choices, text) == spec_.choices.end()) {
      return Fault(node.at, fmt::format("`{}` cannot be `{}`{}", label, Printable(text),
                                        DidYouMean(text, spec_.choices, "it is one of")));
    }
    return node.scalar;
  }

  bool LongEnough() {
    if (!spec_.minimum || static_cast<double>(node_.items.size()) >= *spec_.minimum) return true;
    faults_.Add(node_.at,
                fmt::format("`{}` needs at least {} items, not {}", label_, *spec_.minimum, node_.items.size()));
    return false;
  }

  std::optional<Json> TextList() {
    if (!node_.is_list()) return Wrong("a list of texts");
    bool good = LongEnough();
    Json list = Json::MakeArray();
    for (std::size_t i = 0; i < node_.items.size(); ++i) {
      auto item = TextOf(node_.items[i], fmt::format("{}[{}]", label_, i));
      if (item)
        list.Append(std::move(*item));
      else
        good = false;
    }
    return good ? std::optional(std::move(list)) : std::nullopt;
  }

  std::optional<Json> NumberRange() {
    if (!node_.is_list() || node_.items.size() != 2) return Wrong("a range [low, high]");
    auto low = Number(node_.items[0]);
    auto high = Number(node_.items[1]);
    if (!low || !high) return std::nullopt;
    if (low->AsDouble() > high->AsDouble()) {
      return Fault(node_.at, fmt::format("`{}` must be a range [low, high], but {} is more than {}", label_,
                                         low->Dump(), high->Dump()));
    }
    return Json::MakeArray({*low, *high});
  }

  std::optional<Json> PartList() {
    if (!node_.is_list()) return Wrong(fmt::format("a list of {} mappings", family_.noun));
    bool good = LongEnough();
    Json list = Json::MakeArray();
    for (std::size_t i = 0; i < node_.items.size(); ++i) {
      auto part = CheckPart(node_.items[i], fmt::format("{}[{}]", label_, i), family_, faults_);
      if (part)
        list.Append(std::move(*part));
      else
        good = false;
    }
    return good ? std::optional(std::move(list)) : std::nullopt;
  }

  const OptionSpec& spec_;
  const MarkedValue& node_;
  const std::string& label_;
  const PartFamily& family_;
  Faults& faults_;
};

}  // namespace

std::optional<Json> CheckOption(const OptionSpec& spec, const MarkedValue& node, const std::string& label,
                                const PartFamily& family, Faults& faults) {
  return OptionCheck(spec, node, label, family, faults).Run();
}

const PartSpec* CheckPartName(const MarkedValue& node, const std::string& label, const PartFamily& family,
                              Faults& faults) {
  const OptionSpec text{.name = label};
  const auto name = CheckOption(text, node, label, family, faults);
  if (!name) return nullptr;
  const PartSpec* part = FindSpec(*family.specs, name->AsString());
  if (part == nullptr) {
    faults.Add(node.at, NoSuchPart(family, name->AsString()));
  }
  return part;
}

std::optional<Json> CheckPart(const MarkedValue& node, const std::string& label, const PartFamily& family,
                              Faults& faults) {
  CHECK(family.specs != nullptr, "a part where no parts can be");
  const std::string key(family.name_key);
  if (!node.is_map()) {
    faults.Add(node.at, fmt::format("`{}` must be a mapping {{{}: ...}}, not {}", label, key, KindInWords(node)));
    return std::nullopt;
  }
  const MarkedValue* name = node.Find(key);
  if (name == nullptr) {
    faults.Add(node.at, fmt::format("`{}` needs `{}`: which {}?", label, key, family.noun));
    return std::nullopt;
  }
  const PartSpec* part = CheckPartName(*name, label + "." + key, family, faults);
  if (part == nullptr) return std::nullopt;
  const std::size_t before = faults.size();
  // FillOptions passes over what a part does not accept, because a section on a grid may hold options of several parts.
  RefuseUnknown(*part, node.entries, key, family, faults);
  Json options = FillOptions(*part, node.entries, node.at, label, {}, family, faults);
  if (faults.size() != before) return std::nullopt;
  std::vector<Json::Member> members = {{key, part->name}};
  for (const Json::Member& member : options.members()) members.push_back(member);
  return Json::MakeObject(std::move(members));
}

Json FillOptions(const PartSpec& part, const std::vector<MarkedEntry>& entries, Mark section_at,
                 const std::string& label, const std::vector<std::string>& from_axes, const PartFamily& family,
                 Faults& faults) {
  Json options = Json::MakeObject();
  for (const OptionSpec& spec : part.options) {
    const auto given = std::ranges::find(entries, spec.name, &MarkedEntry::key);
    std::optional<Json> value;
    if (given != entries.end()) {
      value = CheckOption(spec, given->value, Below(label, spec.name), family, faults);
    } else if (!spec.fallback.is_null()) {
      // A default goes the same way as what is given: a part in it has defaults of its own.
      value = CheckOption(spec, FromJson(spec.fallback, section_at), Below(label, spec.name), family, faults);
    } else if (spec.required && std::ranges::find(from_axes, spec.name) == from_axes.end()) {
      faults.Add(section_at, fmt::format("{} `{}` needs option `{}`", family.noun, part.name, spec.name));
    }
    if (value) options.Set(spec.name, std::move(*value));
  }
  return options;
}

Expected<Json> CompleteOptions(const PartSpec& part, const Json& options, const PartFamily& family,
                               const std::string& where) {
  if (!options.is_object() && !options.is_null()) return UserError("options must be a mapping", where);
  std::vector<MarkedEntry> entries;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& [key, value] = options.members()[i];
    // null means absent, as in the fallbacks of a table.
    if (!value.is_null()) entries.push_back({key, {}, FromJson(value, {})});
  }
  Faults faults(where);
  RefuseUnknown(part, entries, {}, family, faults);
  Json complete = FillOptions(part, entries, {}, {}, {}, family, faults);
  if (!faults.empty()) return UserError(Join(faults.Messages(), "; "), where);
  return complete;
}

Error UnknownPart(const PartFamily& family, std::string_view name) {
  return {ErrorKind::kUser, NoSuchPart(family, name), {}};
}

}  // namespace xsweep
