// The airline's tables in both benchmarks, and an index of its flights.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/airline/data.h"

#include <fmt/format.h>

#include <array>

#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"

namespace xsweep {
namespace {

Json PaymentMethod(const Json& raw) {
  if (raw.StringOr("source", "") == "credit_card") return PickFields(raw, {"source", "id", "brand", "last_four"});
  Json method = PickFields(raw, {"source", "id", "amount"});
  if (Json* amount = method.FindMutable("amount")) *amount = ToModelFloat(*amount, "amount").value_or(*amount);
  return method;
}

Json PickEach(const Json* list, std::initializer_list<std::string_view> fields) {
  Json picked = Json::MakeArray();
  if (list == nullptr || !list->is_array()) return picked;
  for (const Json& item : list->items()) picked.Append(PickFields(item, fields));
  return picked;
}

constexpr std::array<Airport, 20> kAirports{
    {{"SFO", "San Francisco"}, {"JFK", "New York"}, {"LAX", "Los Angeles"},  {"ORD", "Chicago"},
     {"DFW", "Dallas"},        {"DEN", "Denver"},   {"SEA", "Seattle"},      {"ATL", "Atlanta"},
     {"MIA", "Miami"},         {"BOS", "Boston"},   {"PHX", "Phoenix"},      {"IAH", "Houston"},
     {"LAS", "Las Vegas"},     {"MCO", "Orlando"},  {"EWR", "Newark"},       {"CLT", "Charlotte"},
     {"MSP", "Minneapolis"},   {"DTW", "Detroit"},  {"PHL", "Philadelphia"}, {"LGA", "LaGuardia"}}};

}  // namespace

Json AirlineUserModel(const Json& raw) {
  Json user = PickFields(raw, {"user_id", "name", "address", "email", "dob", "payment_methods", "saved_passengers",
                               "membership", "reservations"});
  if (const Json* name = raw.Find("name")) user.Set("name", PickFields(*name, {"first_name", "last_name"}));
  if (const Json* given = raw.Find("address")) {
    Json address = *given;
    if (address.Find("address2") == nullptr) address.Set("address2", nullptr);
    user.Set("address", PickFields(address, {"address1", "address2", "city", "country", "state", "zip"}));
  }
  if (const Json* methods = raw.Find("payment_methods"); methods != nullptr && methods->is_object()) {
    Json models = Json::MakeObject(std::vector<Json::Member>());
    for (const auto& [id, method] : methods->members()) models.Set(id, PaymentMethod(method));
    user.Set("payment_methods", std::move(models));
  }
  user.Set("saved_passengers", PickEach(raw.Find("saved_passengers"), {"first_name", "last_name", "dob"}));
  return user;
}

Json AirlineReservationModel(const Json& raw) {
  Json reservation = PickFields(
      raw, {"reservation_id", "user_id", "origin", "destination", "flight_type", "cabin", "flights", "passengers",
            "payment_history", "created_at", "total_baggages", "nonfree_baggages", "insurance", "status"});
  reservation.Set("flights",
                  PickEach(raw.Find("flights"), {"flight_number", "origin", "destination", "date", "price"}));
  reservation.Set("passengers", PickEach(raw.Find("passengers"), {"first_name", "last_name", "dob"}));
  reservation.Set("payment_history", PickEach(raw.Find("payment_history"), {"payment_id", "amount"}));
  if (reservation.Find("status") == nullptr) reservation.Set("status", nullptr);
  return reservation;
}

std::span<const Airport> Airports() { return kAirports; }

FlightIndex::FlightIndex(const World& world) : flights_(world.size(kFlights)) {
  for (int i = 0; i < world.size(kFlights); ++i) {
    const Json& record = world.record(kFlights, i);
    Flight& flight = flights_[i];
    flight.record = i;
    flight.origin = record.StringOr("origin", "");
    flight.destination = record.StringOr("destination", "");
    flight.departure = record.StringOr("scheduled_departure_time_est", "");
    flight.arrival = record.StringOr("scheduled_arrival_time_est", "");
    if (const Json* dates = record.Find("dates"); dates != nullptr && dates->is_object()) {
      flight.days = std::vector<Day>(dates->size());
      for (std::size_t day = 0; day < dates->size(); ++day) {
        flight.days[day].date = dates->members()[day].first;
        flight.days[day].available = dates->members()[day].second.StringOr("status", "") == "available";
      }
    }
  }
  for (const Flight& flight : flights_) by_origin_[flight.origin].push_back(flight.record);
}

const FlightIndex::Day* FlightIndex::Find(const Flight& flight, std::string_view date) {
  for (const Day& day : flight.days) {
    if (day.date.size() == date.size() && day.date.ends_with(date.substr(date.size() < 2 ? 0 : date.size() - 2)) &&
        day.date == date) {
      return &day;
    }
  }
  return nullptr;
}

const std::vector<int>& FlightIndex::From(std::string_view origin) const {
  static const std::vector<int> kNone;
  const auto found = by_origin_.find(origin);
  return found == by_origin_.end() ? kNone : found->second;
}

const Json& FlightRecord(const State& state, int record) {
  const Json* changed = state.ChangedRecord(kFlights, record);
  return changed == nullptr ? state.world().record(kFlights, record) : *changed;
}

const Json* FlightOn(const Json& flight, std::string_view date) {
  const Json* dates = flight.Find("dates");
  return dates == nullptr ? nullptr : dates->Find(date);
}

Expected<std::string> NextDay(const Json& date) {
  if (!date.is_string()) return BadArgument("date", "a date", date);
  const std::string& text = date.AsString();
  const Json tail(std::string_view(text).substr(text.size() < 2 ? 0 : text.size() - 2));
  // int() of Python reads blanks and signs as a model's integer does, but no tail of ".0".
  const auto day = ToModelInt(tail, "date");
  if (!day || !day->is_int() || text.ends_with('.')) {
    return EpisodeError("invalid literal for int() with base 10: " + PythonRepr(tail));
  }
  return fmt::format("2024-05-{}", day->AsInt() + 1);
}

}  // namespace xsweep
