// Budget: the bounds of a whole run.
// SPDX-License-Identifier: Apache-2.0
#include "engine/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "record/logs/ledger.h"

namespace xsweep {
namespace {

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// The first limit that is reached.
std::optional<CallLimit> ReachedBy(const Usage& usage, const CallLimits& limits) {
  const auto bounds = BoundsOf(limits);
  for (const CallLimit limit : kEvery<CallLimit>) {
    if (bounds[limit] && AmountOf(usage, limit) >= *bounds[limit]) return limit;
  }
  return std::nullopt;
}

/// The bound that is counted in tokens or dollars; of several the last of their table.
std::optional<CallLimit> NeedsTokens(const CallLimits& limits) {
  const auto bounds = BoundsOf(limits);
  std::optional<CallLimit> found;
  for (const CallLimit limit : kEvery<CallLimit>) {
    if (limit != CallLimit::kCalls && bounds[limit]) found = limit;
  }
  return found;
}

/// How many trials what is left is worth, when `ended` of them have cost `trials` together.
double TrialsWithin(const CallLimits& limits, const Usage& spent, const Usage& trials, double ended) {
  const auto bounds = BoundsOf(limits);
  double least = std::numeric_limits<double>::infinity();
  for (const CallLimit limit : kEvery<CallLimit>) {
    const double each = static_cast<double>(AmountOf(trials, limit)) / ended;
    if (bounds[limit] && each > 0)
      least = std::min(least, static_cast<double>(*bounds[limit] - AmountOf(spent, limit)) / each);
  }
  return least;
}

/// As `stopped_by` names the limit of one role.
std::string OfRole(Role role, CallLimit limit) { return fmt::format("roles.{}.{}", NameOf(role), NameOf(limit)); }

bool HasLimits(const Limits& limits) {
  return static_cast<const CallLimits&>(limits) != CallLimits() || limits.max_seconds ||
         std::ranges::any_of(limits.roles, [](const CallLimits& role) { return role != CallLimits(); });
}

/// Those of a role stand under the names that `stopped_by` uses, and only where they are set.
Json LimitsToJson(const Limits& limits) {
  Json json = Json::MakeObject();
  ForEachCallLimit(limits, [&](CallLimit limit, const auto& bound) { json.Set(NameOf(limit), OrNull(bound)); });
  json.Set("max_seconds", OrNull(limits.max_seconds));
  json.Set("max_error_rate", OrNull(limits.max_error_rate));
  for (const Role role : kEvery<Role>) {
    ForEachCallLimit(limits.roles[role], [&](CallLimit limit, const auto& bound) {
      if (bound) json.Set(OfRole(role, limit), *bound);
    });
  }
  return json;
}

}  // namespace

Budget::Budget(const Limits& limits, const Spending& before)
    : limits_(limits), has_limits_(HasLimits(limits)), elsewhere_(before) {}

double Budget::Seconds() const {
  return elsewhere_.seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

std::string Budget::ReachedLimit() const {
  Usage usage = used_.usage;
  usage += elsewhere_.usage;
  if (const auto limit = ReachedBy(usage, limits_)) return std::string(NameOf(*limit));
  for (const Role role : kEvery<Role>) {
    Usage of_role = used_.by_role[role];
    of_role += elsewhere_.by_role[role];
    if (const auto limit = ReachedBy(of_role, limits_.roles[role])) return OfRole(role, *limit);
  }
  if (limits_.max_seconds && Seconds() >= *limits_.max_seconds) return "max_seconds";
  return {};
}

void Budget::Share(std::function<Admission(Role)> look, std::function<void(Role, const Usage&)> charged) {
  look_ = std::move(look);
  charged_ = std::move(charged);
}

void Budget::SetElsewhere(const Spending& elsewhere) {
  const std::lock_guard lock(mutex_);
  elsewhere_ = elsewhere;
}

Expected<Admission> Budget::MayCallModel(Role role) {
  const bool ask = look_ && has_limits_ && !stopped_.load(std::memory_order_relaxed);
  const Admission admission = ask ? look_(role) : Admission::kGo;
  TRY(MayCall());
  return admission;
}

Status Budget::MayCall() {
  // Without limits that need a look (the usual SHIM run) this costs one load.
  if (!stopped_.load(std::memory_order_relaxed)) {
    if (!has_limits_) return {};
    const std::lock_guard lock(mutex_);
    if (std::string limit = ReachedLimit(); !limit.empty()) StopBy(std::move(limit));
    if (!stopped_) return {};
  }
  const std::string limit = stopped_by();
  if (limit == kStoppedByGates)
    return std::unexpected(Error{ErrorKind::kBudget, "not needed: the run's gates were decided before", {}});
  const std::string_view what = limit == "max_error_rate" ? "certain to be passed"
                                : without_usage_ ? "not to be kept: an answer came without a usage that can be true"
                                                 : "reached";
  return std::unexpected(Error{ErrorKind::kBudget, fmt::format("the run's {} is {}", limit, what), {}});
}

void Budget::StopDecided() {
  const std::lock_guard lock(mutex_);
  StopBy(std::string(kStoppedByGates));
}

void Budget::StopBy(std::string limit) {
  if (stopped_) return;
  stopped_by_ = std::move(limit);
  stopped_ = true;
}

void Budget::Charge(Role role, const Usage& usage) {
  if (charged_) charged_(role, usage);
  const std::lock_guard lock(mutex_);
  used_.Add(role, usage);
  // A bound that nothing can be counted against would never stop anything.
  if (usage.tokens_known) return;
  if (const auto limit = NeedsTokens(limits_)) {
    without_usage_ = true;
    StopBy(std::string(NameOf(*limit)));
  } else if (const auto of_role = NeedsTokens(limits_.roles[role])) {
    without_usage_ = true;
    StopBy(OfRole(role, *of_role));
  }
}

void Budget::CountTrial(bool error, bool held) {
  const std::lock_guard lock(mutex_);
  ++used_.ended;
  held_ += held ? 1 : 0;
  if (!error) return;
  ++used_.errors;
  if (TooManyErrors()) StopBy("max_error_rate");
}

void Budget::StopAboveErrorRate(std::uint64_t before, std::uint64_t planned) {
  if (!limits_.max_error_rate) return;
  const std::lock_guard lock(mutex_);
  error_bound_ = ErrorBound{before, static_cast<double>(planned), *limits_.max_error_rate};
  if (TooManyErrors()) StopBy("max_error_rate");
}

/// The same division as the verdict's, whose divisor can only be smaller: what is too many here is too many there.
bool Budget::TooManyErrors() const {
  if (!error_bound_) return false;
  return static_cast<double>(error_bound_->before + used_.errors) / error_bound_->planned > error_bound_->rate;
}

double Budget::DialoguesLeft(const Spending& expected) const {
  const std::lock_guard lock(mutex_);
  // Of the others' dialogues only the cost is known, so what one costs is learned from those that ended here.
  const double ended = held_ > 0 ? static_cast<double>(held_) : 1;
  const Spending& of_trials = held_ > 0 ? used_ : expected;
  const auto left = [&](const CallLimits& limits, Usage spent, const Usage& elsewhere, const Usage& trials) {
    spent += elsewhere;
    return TrialsWithin(limits, spent, trials, ended);
  };
  double least = left(limits_, used_.usage, elsewhere_.usage, of_trials.usage);
  // What an estimate is worth nobody knows before a dialogue has ended: where tokens or dollars are bounded, one goes
  // ahead.
  const bool bounded = NeedsTokens(limits_) || std::ranges::any_of(limits_.roles, [](const CallLimits& role) {
                         return NeedsTokens(role).has_value();
                       });
  if (held_ == 0 && bounded) least = std::min(least, 1.0);
  for (const Role role : kEvery<Role>) {
    least = std::min(least,
                     left(limits_.roles[role], used_.by_role[role], elsewhere_.by_role[role], of_trials.by_role[role]));
  }
  return least;
}

Spending Budget::used() const {
  const std::lock_guard lock(mutex_);
  Spending now = used_;
  now.usage += elsewhere_.usage;
  for (const Role role : kEvery<Role>) now.by_role[role] += elsewhere_.by_role[role];
  now.ended += elsewhere_.ended;
  now.errors += elsewhere_.errors;
  now.seconds = Seconds();
  return now;
}

std::string Budget::stopped_by() const {
  const std::lock_guard lock(mutex_);
  return stopped_by_;
}

Json Budget::ToJson() const {
  const std::string stopped = stopped_by();
  return Json::MakeObject({{"limits", LimitsToJson(limits_)},
                           {"used", used().ToJson()},
                           {"stopped_by", stopped.empty() ? Json() : Json(stopped)}});
}

}  // namespace xsweep
