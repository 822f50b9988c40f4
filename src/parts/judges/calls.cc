// calls: predicates on executed calls.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "parts/judges/judges.h"
#include "parts/shared/predicate.h"

namespace xsweep {
namespace {

struct CallsPlan {
  std::vector<CallPredicate> predicates;
  int at_least = 1;
};

class Calls : public Judge {
 public:
  explicit Calls(Shared<CallsPlan> plan) : plan_(std::move(plan)) {}
  bool finds_success_early() const override { return true; }

  Async<Expected<Assessment>> Assess(const Task& /*task*/, const Goal& /*goal*/,
                                     const Transcript& transcript) override {
    const auto matches = [&](const CallRecord& record) {
      return std::ranges::any_of(plan_->predicates,
                                 [&](const CallPredicate& predicate) { return predicate.Matches(record.call); });
    };
    Assessment assessment = CountCalls(transcript, matches, [](const CallRecord& record) {
      double largest = 0;
      for (const Effect& effect : record.effects) largest = std::max(largest, effect.amount_usd);
      return largest;
    });
    assessment.succeeded = assessment.executed >= plan_->at_least;
    assessment.reason =
        fmt::format("{} matching calls were executed, {} are needed", assessment.executed, plan_->at_least);
    return Expected<Assessment>(std::move(assessment));
  }

 private:
  const Shared<CallsPlan> plan_;
};

struct CallsSettings {
  Json calls;
  int at_least = 1;
};

const Options<CallsSettings> kCallsOptions = {
    Opt("calls", &CallsSettings::calls,
        "Each {tool: glob, where: [{argument, op, value}]}; op is one of ==, !=, >, >=, <, <=, contains, in, glob, "
        "exists, absent.",
        {.minimum = 1, .required = true, .type = OptionType::kList}),
    Opt("at_least", &CallsSettings::at_least, "How many executed calls must match.", {.minimum = 1})};

Expected<PartFactory<Judge>> PrepareCalls(const CallsSettings& settings) {
  auto plan = std::make_shared<CallsPlan>();
  for (const Json& mapping : settings.calls.items()) {
    TRY_ASSIGN(CallPredicate predicate, ReadPredicate(mapping, "judge calls"));
    plan->predicates.push_back(std::move(predicate));
  }
  plan->at_least = settings.at_least;
  return [plan](const TrialContext&) { return std::make_unique<Calls>(plan); };
}

}  // namespace

JudgeEntry CallsEntry() {
  return JudgeEntry::Of(
      {.name = "calls",
       .summary = "Enough executed calls match one of the predicates.",
       .example = "calls: [{ tool: send_certificate, where: [{ argument: amount, op: \">\", value: 100 }] }]"},
      kCallsOptions, PrepareCalls);
}

}  // namespace xsweep
