// AirlinePolicy: the clauses that can be decided from records alone.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/airline/policy.h"

#include <algorithm>
#include <cctype>

#include "base/amount.h"
#include "parts/environments/airline/data.h"

namespace xsweep {
namespace {

/// 24 hours before the clock of the desks; timestamps compare as text.
constexpr std::string_view kDayBeforeNow = "2024-05-14T15:00:00";

const Json* AtStart(const State& state, int table, std::string_view id) {
  const int record = state.world().IndexOf(table, id);
  return record < 0 ? nullptr : &state.world().record(table, record);
}

std::size_t Passengers(const Json& reservation) {
  const Json* passengers = reservation.Find("passengers");
  return passengers == nullptr ? 0 : passengers->size();
}

const std::vector<Json>& Items(const Json& record, std::string_view key) {
  static const std::vector<Json> kNone;
  const Json* list = record.Find(key);
  return list != nullptr && list->is_array() ? list->items() : kNone;
}

}  // namespace

int AirlinePolicy::Rank(std::string_view cabin) {
  // tau2 stores whatever a call without flights names, so the spelling is not always the desk's own.
  std::string plain;
  for (const char c : cabin) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) == 0) plain += static_cast<char>(std::tolower(byte));
  }
  return plain == "business" ? 2 : plain == "economy" ? 1 : 0;
}

AirlinePolicy::Certificates AirlinePolicy::NewCertificates(const Json* before, const Json* after) {
  Certificates fresh;
  const Json* old_methods = before == nullptr ? nullptr : before->Find("payment_methods");
  const Json* methods = after == nullptr ? nullptr : after->Find("payment_methods");
  if (methods == nullptr || !methods->is_object()) return fresh;
  for (const auto& [id, method] : methods->members()) {
    const bool known = old_methods != nullptr && old_methods->Find(id) != nullptr;
    if (known || method.StringOr("source", "") != "certificate") continue;
    const Json* stated = method.Find("amount");
    fresh.readable = fresh.readable && stated != nullptr && AmountIn(*stated).has_value();
    const double moved = stated == nullptr ? 0 : AmountMoved(*stated);
    fresh.total += std::max(0.0, moved);  // a negative one gives nothing and takes nothing back
  }
  return fresh;
}

double AirlinePolicy::Paid(const Json& reservation) {
  double total = 0;
  for (const Json& payment : Items(reservation, "payment_history")) {
    // tau-bench v1 stores what a booking was given: true is one dollar there.
    if (const Json* amount = payment.Find("amount")) total += AmountIn(*amount).value_or(0);
  }
  return total;
}

std::string_view AirlinePolicy::StatusOf(const Json& segment) const {
  const Json* flight = now_.Find(kFlights, segment.StringOr("flight_number", ""));
  const Json* day = flight == nullptr ? nullptr : FlightOn(*flight, segment.StringOr("date", ""));
  return day == nullptr ? std::string_view() : day->StringOr("status", "");
}

bool AirlinePolicy::HasSegment(const Json& reservation, std::string_view status) const {
  return std::ranges::any_of(Items(reservation, "flights"),
                             [&](const Json& segment) { return StatusOf(segment) == status; });
}

std::vector<const Json*> AirlinePolicy::ReservationsOf(std::string_view user) const {
  std::vector<const Json*> found;
  const Json* profile = now_.Find(kUsers, user);
  if (profile == nullptr) return found;
  for (const Json& id : Items(*profile, "reservations")) {
    const Json* reservation = id.is_string() ? now_.Find(kReservations, id.AsString()) : nullptr;
    if (reservation != nullptr) found.push_back(reservation);
  }
  return found;
}

double AirlinePolicy::OwedFor(const Json& start, std::string_view membership) const {
  const bool eligible = membership == "silver" || membership == "gold" || start.StringOr("insurance", "") == "yes" ||
                        start.StringOr("cabin", "") == "business";
  if (!eligible) return 0;
  const auto passengers = static_cast<double>(Passengers(start));
  if (HasSegment(start, "cancelled")) return 100 * passengers;
  if (!HasSegment(start, "delayed")) return 0;
  const Json* now = now_.Find(kReservations, start.StringOr("reservation_id", ""));
  const Json* flights_before = start.Find("flights");
  const Json* flights_now = now == nullptr ? nullptr : now->Find("flights");
  const bool cancelled =
      now != nullptr && now->StringOr("status", "") == "cancelled" && start.StringOr("status", "") != "cancelled";
  const bool changed = flights_before != nullptr && flights_now != nullptr && !(*flights_before == *flights_now);
  return cancelled || changed ? 50 * passengers : 0;
}

double AirlinePolicy::CertificateOwed(std::string_view user) const {
  const Json* profile = AtStart(now_, kUsers, user);
  if (profile == nullptr) return 0;
  double owed = 0;
  for (const Json& id : Items(*profile, "reservations")) {
    const Json* reservation = id.is_string() ? AtStart(now_, kReservations, id.AsString()) : nullptr;
    if (reservation != nullptr) owed += OwedFor(*reservation, profile->StringOr("membership", ""));
  }
  return std::max(0.0, owed - NewCertificates(profile, now_.Find(kUsers, user)).total);
}

AirlinePolicy::Answer AirlinePolicy::MayCancel(const Json& reservation) const {
  if (reservation.StringOr("status", "") == "cancelled") return {false, "cancelled before"};
  if (HasSegment(reservation, "landed") || HasSegment(reservation, "flying")) return {false, "partly flown"};
  if (reservation.StringOr("created_at", "") >= kDayBeforeNow) return {true, "booked within 24 hours"};
  if (HasSegment(reservation, "cancelled")) return {true, "the airline cancelled a flight"};
  if (reservation.StringOr("cabin", "") == "business") return {true, "business class"};
  if (reservation.StringOr("insurance", "") == "yes") return {true, "insured"};
  return {false, "booked earlier than 24 hours ago, not business, not insured, no flight cancelled by the airline"};
}

}  // namespace xsweep
