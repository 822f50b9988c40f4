// Spending: what a run has used.
// SPDX-License-Identifier: Apache-2.0
#include "engine/spending.h"

#include <string>

namespace xsweep {
namespace {

Json UsageToJson(const Usage& usage) {
  return Json::MakeObject(
      {{"calls", usage.calls},
       {"prompt_tokens", usage.prompt_tokens},
       {"completion_tokens", usage.completion_tokens},
       {"cost_usd", usage.cost_known ? Json(static_cast<double>(usage.cost_nano_usd) / 1e9) : Json()},
       {"known_cost_nano_usd", usage.cost_nano_usd}});
}

Usage UsageFromJson(const Json& json) {
  Usage usage;
  usage.calls = json.IntOr("calls", 0);
  usage.prompt_tokens = json.IntOr("prompt_tokens", 0);
  usage.completion_tokens = json.IntOr("completion_tokens", 0);
  usage.cost_nano_usd = json.IntOr("known_cost_nano_usd", 0);
  const Json* cost = json.Find("cost_usd");
  usage.cost_known = cost == nullptr || !cost->is_null();
  return usage;
}

}  // namespace

void Spending::Add(Role role, const Usage& used) {
  usage += used;
  by_role[role] += used;
}

Json Spending::ToJson() const {
  Json json = UsageToJson(usage);
  json.Set("trials_ended", ended);
  json.Set("errors", errors);
  json.Set("seconds", seconds);
  Json roles = Json::MakeObject();
  for (const Role role : kEvery<Role>) {
    if (by_role[role] != Usage()) roles.Set(NameOf(role), UsageToJson(by_role[role]));
  }
  json.Set("roles", std::move(roles));
  return json;
}

Spending Spending::FromJson(const Json& json) {
  Spending used;
  used.usage = UsageFromJson(json);
  used.ended = static_cast<std::uint64_t>(json.IntOr("trials_ended", 0));
  used.errors = static_cast<std::uint64_t>(json.IntOr("errors", 0));
  used.seconds = json.DoubleOr("seconds", 0);
  const Json* roles = json.Find("roles");
  if (roles == nullptr) return used;
  for (const Role role : kEvery<Role>) {
    if (const Json* of_role = roles->Find(NameOf(role))) used.by_role[role] = UsageFromJson(*of_role);
  }
  return used;
}

Spending ToSpending(const LedgerLine& line) {
  Spending spent;
  spent.usage = line.usage;
  spent.by_role = line.roles;
  spent.seconds = static_cast<double>(line.milliseconds) / 1000;
  return spent;
}

LedgerLine ToLedgerLine(const Spending& spent) {
  LedgerLine line{.usage = spent.usage, .stopped_by = {}, .roles = spent.by_role};
  line.milliseconds = static_cast<std::int64_t>(spent.seconds * 1000);
  return line;
}

}  // namespace xsweep
