// Budget: the bounds of a whole run.
// SPDX-License-Identifier: Apache-2.0
#include "engine/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace xsweep {
namespace {

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

Json Spending::ToJson() const {
  return Json::MakeObject(
      {{"calls", usage.calls},
       {"prompt_tokens", usage.prompt_tokens},
       {"completion_tokens", usage.completion_tokens},
       {"cost_usd", usage.cost_known ? Json(static_cast<double>(usage.cost_nano_usd) / 1e9) : Json()},
       {"known_cost_nano_usd", usage.cost_nano_usd},
       {"trials_ended", ended},
       {"errors", errors},
       {"seconds", seconds}});
}

Spending Spending::FromJson(const Json& json) {
  Spending used;
  used.usage.calls = json.IntOr("calls", 0);
  used.usage.prompt_tokens = json.IntOr("prompt_tokens", 0);
  used.usage.completion_tokens = json.IntOr("completion_tokens", 0);
  used.usage.cost_nano_usd = json.IntOr("known_cost_nano_usd", 0);
  const Json* cost = json.Find("cost_usd");
  used.usage.cost_known = cost == nullptr || !cost->is_null();
  used.ended = static_cast<std::uint64_t>(json.IntOr("trials_ended", 0));
  used.errors = static_cast<std::uint64_t>(json.IntOr("errors", 0));
  used.seconds = json.DoubleOr("seconds", 0);
  return used;
}

Budget::Budget(const Limits& limits, const Spending& before) : limits_(limits), elsewhere_(before) {}

double Budget::Seconds() const {
  return elsewhere_.seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

std::string Budget::ReachedLimit() const {
  Usage usage = used_.usage;
  usage += elsewhere_.usage;
  const auto reached = [](const auto& limit, auto value) {
    return limit && static_cast<double>(value) >= static_cast<double>(*limit);
  };
  if (reached(limits_.max_calls, usage.calls)) return "max_calls";
  if (reached(limits_.max_prompt_tokens, usage.prompt_tokens)) return "max_prompt_tokens";
  if (reached(limits_.max_completion_tokens, usage.completion_tokens)) return "max_completion_tokens";
  if (reached(limits_.max_total_tokens, usage.prompt_tokens + usage.completion_tokens)) return "max_total_tokens";
  if (reached(limits_.max_cost_usd, static_cast<double>(usage.cost_nano_usd) / 1e9)) return "max_cost_usd";
  if (limits_.max_seconds && Seconds() >= *limits_.max_seconds) return "max_seconds";
  return {};
}

bool Budget::HasLimits() const {
  return limits_.max_calls || limits_.max_prompt_tokens || limits_.max_completion_tokens || limits_.max_total_tokens ||
         limits_.max_cost_usd || limits_.max_seconds;
}

void Budget::Share(std::function<Admission()> look, std::function<void(const Usage&)> charged) {
  look_ = std::move(look);
  charged_ = std::move(charged);
}

void Budget::SetElsewhere(const Spending& elsewhere) {
  const std::lock_guard lock(mutex_);
  elsewhere_ = elsewhere;
}

Expected<Admission> Budget::MayCallModel() {
  const bool ask = look_ && HasLimits() && !stopped_.load(std::memory_order_relaxed);
  const Admission admission = ask ? look_() : Admission::kGo;
  TRY(MayCall());
  return admission;
}

Status Budget::MayCall() {
  // Without limits that need a look (the usual SHIM run) this costs one load.
  if (!stopped_.load(std::memory_order_relaxed)) {
    if (!HasLimits()) return {};
    const std::lock_guard lock(mutex_);
    stopped_by_ = ReachedLimit();
    if (stopped_by_.empty()) return {};
    stopped_ = true;
  }
  return std::unexpected(Error{ErrorKind::kBudget, fmt::format("the run's {} is reached", stopped_by()), {}});
}

void Budget::Charge(const Usage& usage) {
  if (charged_) charged_(usage);
  const std::lock_guard lock(mutex_);
  used_.usage += usage;
}

void Budget::CountTrial(bool error) {
  const std::lock_guard lock(mutex_);
  ++used_.ended;
  if (error) ++used_.errors;
}

double Budget::TrialsLeft(const Usage& expected) const {
  const std::lock_guard lock(mutex_);
  Usage used = used_.usage;
  used += elsewhere_.usage;
  const std::uint64_t ended = used_.ended + elsewhere_.ended;
  double left = std::numeric_limits<double>::infinity();
  const auto take = [&](const auto& limit, auto spent, auto of_one) {
    const double each =
        ended > 0 ? static_cast<double>(spent) / static_cast<double>(ended) : static_cast<double>(of_one);
    if (limit && each > 0) left = std::min(left, (static_cast<double>(*limit) - static_cast<double>(spent)) / each);
  };
  constexpr double kNano = 1e-9;
  take(limits_.max_calls, used.calls, expected.calls);
  take(limits_.max_prompt_tokens, used.prompt_tokens, expected.prompt_tokens);
  take(limits_.max_completion_tokens, used.completion_tokens, expected.completion_tokens);
  take(limits_.max_total_tokens, used.prompt_tokens + used.completion_tokens,
       expected.prompt_tokens + expected.completion_tokens);
  take(limits_.max_cost_usd, static_cast<double>(used.cost_nano_usd) * kNano,
       static_cast<double>(expected.cost_nano_usd) * kNano);
  return left;
}

Spending Budget::used() const {
  const std::lock_guard lock(mutex_);
  Spending now = used_;
  now.usage += elsewhere_.usage;
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
  return Json::MakeObject(
      {{"limits", Json::MakeObject({{"max_calls", OrNull(limits_.max_calls)},
                                    {"max_prompt_tokens", OrNull(limits_.max_prompt_tokens)},
                                    {"max_completion_tokens", OrNull(limits_.max_completion_tokens)},
                                    {"max_total_tokens", OrNull(limits_.max_total_tokens)},
                                    {"max_cost_usd", OrNull(limits_.max_cost_usd)},
                                    {"max_seconds", OrNull(limits_.max_seconds)},
                                    {"max_error_rate", OrNull(limits_.max_error_rate)}})},
       {"used", used().ToJson()},
       {"stopped_by", stopped.empty() ? Json() : Json(stopped)}});
}

}  // namespace xsweep
