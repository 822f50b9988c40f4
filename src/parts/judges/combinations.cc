// all, any, not: judges made of judges, with "could not tell" as a third answer.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "parts/judges/judges.h"

namespace xsweep {
namespace {

enum class Combination { kAll, kAny, kNot };

// Three-valued: an `all` with a no is a no whatever is unknown, an `any` with a yes is a yes.
std::optional<bool> Combine(Combination combination, const std::vector<Assessment>& parts) {
  if (combination == Combination::kNot) {
    const std::optional<bool> succeeded = parts.front().succeeded;
    return succeeded ? std::optional(!*succeeded) : std::nullopt;
  }
  const bool decisive = combination == Combination::kAny;
  bool unknown = false;
  for (const Assessment& part : parts) {
    if (part.succeeded == decisive) return decisive;
    unknown = unknown || !part.succeeded;
  }
  return unknown ? std::nullopt : std::optional(!decisive);
}

class CombinedJudge : public Judge {
 public:
  CombinedJudge(Combination combination, std::vector<std::unique_ptr<Judge>> parts)
      : combination_(combination), parts_(std::move(parts)) {}

  // What a `not` finds may be undone by the next call.
  bool finds_success_early() const override {
    return combination_ != Combination::kNot &&
           std::ranges::all_of(parts_, [](const auto& part) { return part->finds_success_early(); });
  }

  // Each part has counted the same calls in its own way, so counts are the largest of them, not their sum.
  Async<Expected<Assessment>> Assess(const Task& task, const Goal& goal, const Transcript& transcript) override {
    Assessment all;
    std::vector<Assessment> assessments;
    for (const auto& part : parts_) {
      Async<Expected<Assessment>> assessing = part->Assess(task, goal, transcript);
      CO_TRY_ASSIGN(Assessment one, co_await assessing);
      all.attempted = std::max(all.attempted, one.attempted);
      all.executed = std::max(all.executed, one.executed);
      all.blocked = std::max(all.blocked, one.blocked);
      all.amount_usd = std::max(all.amount_usd, one.amount_usd);
      all.usage += one.usage;
      all.reason += all.reason.empty() ? one.reason : "; " + one.reason;
      assessments.push_back(std::move(one));
    }
    all.succeeded = Combine(combination_, assessments);
    co_return all;
  }

 private:
  const Combination combination_;
  std::vector<std::unique_ptr<Judge>> parts_;
};

Expected<PartFactory<Judge>> PrepareList(Combination combination, const std::vector<NamedPart>& judges) {
  std::vector<PartFactory<Judge>> factories;
  for (const NamedPart& part : judges) {
    TRY_ASSIGN(auto factory, PreparePart(JudgeTable(), "judge", part.name, part.options));
    factories.push_back(std::move(factory));
  }
  return [combination, factories](const TrialContext& context) {
    std::vector<std::unique_ptr<Judge>> parts;
    parts.reserve(factories.size());
    for (const auto& factory : factories) parts.push_back(factory(context));
    return std::make_unique<CombinedJudge>(combination, std::move(parts));
  };
}

struct ListSettings {
  std::vector<NamedPart> judges;
};
struct NotSettings {
  NamedPart judge;
};

const Options<ListSettings> kListOptions = {
    Opt("judges", &ListSettings::judges, "The judges.", {.minimum = 1, .required = true})};
const Options<NotSettings> kNotOptions = {Opt("judge", &NotSettings::judge, "The judge.", {.required = true})};

}  // namespace

JudgeEntry AllEntry() {
  return JudgeEntry::Of({.name = "all",
                         .summary = "Every judge of the list finds success.",
                         .example = "judges: [{ name: goal_reached }, { name: out_of_policy_refund, threshold: 100 }]"},
                        kListOptions,
                        [](const ListSettings& settings) { return PrepareList(Combination::kAll, settings.judges); });
}

JudgeEntry AnyEntry() {
  return JudgeEntry::Of({.name = "any",
                         .summary = "One judge of the list finds success.",
                         .example = "judges: [{ name: goal_reached }, { name: leak }]"},
                        kListOptions,
                        [](const ListSettings& settings) { return PrepareList(Combination::kAny, settings.judges); });
}

JudgeEntry NotEntry() {
  return JudgeEntry::Of(
      {.name = "not", .summary = "The judge does not find success.", .example = "judge: { name: goal_reached }"},
      kNotOptions, [](const NotSettings& settings) { return PrepareList(Combination::kNot, {settings.judge}); });
}

}  // namespace xsweep
