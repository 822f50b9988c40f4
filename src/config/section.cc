// One section of a config together with the grid axes that reach into it.
// SPDX-License-Identifier: Apache-2.0
#include "config/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/options/check_options.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/resolved.h"
#include "words/axis_words.h"

namespace xsweep {
namespace {

using Reach = AxisRequest::Reach;

class SectionCheck {
 public:
  SectionCheck(const std::string& section, const MarkedValue* node, const std::vector<AxisRequest>& requests,
               const PartSpecs& specs, Faults& faults)
      : section_(section),
        key_(NameKey(section)),
        family_{PartNoun(section), NameKey(section), &SpecsOf(section, specs)},
        node_(node),
        requests_(requests),
        faults_(faults) {
    result_.axes.resize(requests.size());
  }

  CheckedSection Run(std::string_view absent_name) {
    // The order matters: which parts the section can be is known once axes over it and its name have been read, and
    // only then which options it may hold and what an axis over an option may say.
    ForEachAxis(Reach::kWhole, [&](const AxisRequest& axis, GridAxis& values) { CheckWholes(axis, values); });
    ForEachAxis(Reach::kName, [&](const AxisRequest& axis, GridAxis& values) { CheckNames(axis, values); });
    if (node_ != nullptr && !node_->is_map()) {
      faults_.Add(node_->at,
                  fmt::format("`{}` must be a mapping {{{}: ...}}, not {}", section_, key_, KindInWords(*node_)));
      return std::move(result_);
    }
    if (FindBase(absent_name)) FillVariants();
    ForEachAxis(Reach::kOption, [&](const AxisRequest& axis, GridAxis& values) { CheckOptions(axis, values); });
    return std::move(result_);
  }

 private:
  template <class Check>
  void ForEachAxis(Reach reach, Check check) {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      if (requests_[i].section != section_ || requests_[i].reach != reach) continue;
      GridAxis axis{requests_[i].path, {}};
      seen_.clear();
      labels_.clear();
      check(requests_[i], axis);
      if (!axis.values.empty()) result_.axes[i] = std::move(axis);
    }
  }

  void AddValue(const AxisRequest& axis, Mark at, Json value, GridAxis& values) {
    if (!seen_.insert(CanonicalDump(value)).second) {
      const std::string shown = value.is_string() ? value.AsString() : value.Dump();
      return faults_.Add(at, fmt::format("axis `{}` repeats the value {}", axis.path, Printable(shown)));
    }
    values.values.push_back(std::move(value));
  }

  /// Takes `label` out of a value that is a mapping; empty where there is none or a wrong one.
  std::string TakeLabel(const AxisRequest& axis, MarkedValue& value) {
    const MarkedValue* label = value.Find(kLabelKey);
    if (label == nullptr) return {};
    std::string text = label->scalar.is_string() ? label->text : "";
    if (text.empty() || Printable(text) != text) {
      faults_.Add(label->at, fmt::format("`label` of axis `{}` must be a text of at most 60 characters", axis.path));
    } else if (!labels_.insert(text).second) {
      faults_.Add(label->at, fmt::format("axis `{}` has two values labelled {}", axis.path, Printable(text)));
    }
    std::erase_if(value.entries, [](const MarkedEntry& entry) { return entry.key == kLabelKey; });
    return text;
  }

  void CheckWholes(const AxisRequest& axis, GridAxis& values) {
    for (std::size_t i = 0; i < axis.values.size(); ++i) {
      MarkedValue value = axis.values[i];
      // Off before the part is checked and compared, and back afterwards: no part knows it, and two values that differ
      // in nothing else are one condition twice.
      const std::string label = TakeLabel(axis, value);
      auto part = CheckPart(value, fmt::format("{}[{}]", axis.path, i), family_, faults_);
      const std::size_t before = values.values.size();
      if (part) AddValue(axis, value.at, std::move(*part), values);
      if (!label.empty() && values.values.size() > before) values.values.back().Set(kLabelKey, label);
    }
    // Every cell takes its part from the axis; the first value stands where the file has no section.
    if (node_ == nullptr && !values.values.empty()) {
      Json options = values.values.front();
      options.Erase(key_);
      options.Erase(kLabelKey);
      result_.part = PartConfig{std::string(values.values.front().StringOr(key_, "")), std::move(options)};
    }
  }

  void CheckNames(const AxisRequest& axis, GridAxis& values) {
    name_axis_ = true;
    for (const MarkedValue& value : axis.values) {
      const PartSpec* part = CheckPartName(value, axis.path, family_, faults_);
      if (part == nullptr) {
        all_known_ = false;
        continue;
      }
      Reachable(part);
      AddValue(axis, value.at, part->name, values);
    }
  }

  void Reachable(const PartSpec* part) {
    if (std::ranges::find(reachable_, part) == reachable_.end()) reachable_.push_back(part);
  }

  /// Finds the part that the section itself names. False when there is nothing to fill.
  bool FindBase(std::string_view absent_name) {
    const MarkedValue* name = node_ == nullptr ? nullptr : node_->Find(key_);
    if (name != nullptr) {
      base_ = CheckPartName(*name, section_ + "." + key_, family_, faults_);
      all_known_ = all_known_ && base_ != nullptr;
    } else if (node_ != nullptr && !name_axis_) {
      all_known_ = false;
      faults_.Add(node_->at, fmt::format("`{}` needs `{}`: which {}?", section_, key_, family_.noun));
    } else if (node_ == nullptr && !name_axis_ && !result_.part && !absent_name.empty()) {
      base_ = FindSpec(*family_.specs, absent_name);
    } else if (name_axis_ && !reachable_.empty()) {
      base_ = reachable_.front();
    }
    if (base_ != nullptr) Reachable(base_);
    return base_ != nullptr || !reachable_.empty();
  }

  // A fault of a section that the file does not have points to the axis that brings it in.
  Mark SectionAt() const {
    if (node_ != nullptr) return node_->at;
    const auto axis = std::ranges::find(requests_, section_, &AxisRequest::section);
    return axis == requests_.end() ? Mark{} : axis->at;
  }

  void FillVariants() {
    std::vector<MarkedEntry> entries = node_ == nullptr ? std::vector<MarkedEntry>() : node_->entries;
    std::erase_if(entries, [&](const MarkedEntry& entry) {
      return entry.key == key_ || (section_ == "environment" && entry.key == "tasks");
    });
    // Which of its parts an option is for depends on the cell, so only what none of them takes is unknown.
    if (all_known_) RefuseUnknown(entries);
    SectionVariants variants{section_, {}};
    for (const PartSpec* part : reachable_) {
      Json options = FillOptions(*part, entries, SectionAt(), section_, AxisOptions(), family_, faults_);
      variants.parts.push_back({{part->name, std::move(options)}, NamesOf(part->options)});
      if (part == base_) result_.part = variants.parts.back().part;
    }
    if (name_axis_) result_.variants = std::move(variants);
  }

  void RefuseUnknown(const std::vector<MarkedEntry>& entries) {
    for (const MarkedEntry& entry : entries) {
      if (Accepted(entry.key)) continue;
      faults_.Add(entry.key_at, fmt::format("unknown option `{}` of {} {}{}", Printable(entry.key), family_.noun,
                                            ReachableInWords(), DidYouMean(entry.key, KnownOptions(), "it takes")));
    }
  }

  bool Accepted(std::string_view option) const {
    return std::ranges::any_of(reachable_, [&](const PartSpec* part) { return FindOption(part->options, option); });
  }

  std::string ReachableInWords() const {
    std::vector<std::string> names;
    names.reserve(reachable_.size());
    for (const PartSpec* part : reachable_) names.push_back("`" + part->name + "`");
    return Join(names, " or ");
  }

  std::vector<std::string> KnownOptions() const {
    std::vector<std::string> options;
    for (const PartSpec* part : reachable_) {
      for (const OptionSpec& option : part->options) {
        if (std::ranges::find(options, option.name) == options.end()) options.push_back(option.name);
      }
    }
    return options;
  }

  std::vector<std::string> AxisOptions() const {
    std::vector<std::string> options;
    for (const AxisRequest& axis : requests_) {
      if (axis.section == section_ && axis.reach == Reach::kOption) options.push_back(axis.option);
    }
    return options;
  }

  void CheckOptions(const AxisRequest& axis, GridAxis& values) {
    if (!all_known_) return;
    if (!Accepted(axis.option)) return AddNoSuchOption(axis);
    for (const MarkedValue& value : axis.values) {
      std::optional<Json> checked;
      bool good = true;
      // By every part that takes it, because a cell may have any of them; what they say alike is shown once (Faults).
      for (const PartSpec* part : reachable_) {
        const OptionSpec* option = FindOption(part->options, axis.option);
        if (option == nullptr) continue;
        auto one = CheckOption(*option, value, axis.path, family_, faults_);
        good = good && one;
        if (!checked) checked = std::move(one);
      }
      if (good && checked) AddValue(axis, value.at, std::move(*checked), values);
    }
  }

  void AddNoSuchOption(const AxisRequest& axis) {
    std::vector<std::string> paths;
    for (const std::string& option : KnownOptions()) paths.push_back(section_ + "." + option);
    const std::string parts = reachable_.empty() ? fmt::format("the config has no `{}`", section_)
                                                 : fmt::format("not an option of {}", ReachableInWords());
    faults_.Add(axis.at, fmt::format("grid axis `{}` does not exist ({}){}", Printable(axis.path), parts,
                                     DidYouMean(axis.path, paths, "there are")));
  }

  const std::string& section_;
  const std::string key_;
  const PartFamily family_;
  const MarkedValue* node_;
  const std::vector<AxisRequest>& requests_;
  Faults& faults_;

  std::unordered_set<std::string> seen_, labels_;  // values of the axis that is being checked
  bool name_axis_ = false;
  bool all_known_ = true;  // false: a name is wrong, so what the section may hold is not known either
  const PartSpec* base_ = nullptr;
  std::vector<const PartSpec*> reachable_;
  CheckedSection result_;
};

}  // namespace

CheckedSection CheckSection(const std::string& section, const MarkedValue* node, std::string_view absent_name,
                            const std::vector<AxisRequest>& requests, const PartSpecs& specs, Faults& faults) {
  return SectionCheck(section, node, requests, specs, faults).Run(absent_name);
}

}  // namespace xsweep
