// Searching flights: direct and with one stop, as both benchmarks print them.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/airline/data.h"
#include "parts/environments/world/tool_arguments.h"
#include "python/text.h"

namespace xsweep {
namespace {

using Flight = FlightIndex::Flight;

/// One hit of a search: a flight on a date, and whether its text carries the date.
struct Hit {
  const Flight* flight = nullptr;
  std::string_view date;   ///< whose seats and prices are shown
  std::string_view shown;  ///< the date printed; empty: none
};

void AppendMember(std::string_view key, const Json* value, std::string& out) {
  out += out.ends_with('{') ? "\"" : ", \"";
  out += key;
  out += "\": ";
  value == nullptr ? void(out += "null") : AppendPythonJson(*value, out);
}

/// tau2's DirectFlight, fields in the model's order.
void AppendTau2(const Json& flight, const Hit& hit, std::string& out) {
  const Json* day = FlightOn(flight, hit.date);
  out += '{';
  for (const std::string_view key : {"flight_number", "origin", "destination"})
    AppendMember(key, flight.Find(key), out);
  out += ", \"status\": \"available\"";
  for (const std::string_view key : {"scheduled_departure_time_est", "scheduled_arrival_time_est"}) {
    AppendMember(key, flight.Find(key), out);
  }
  const Json date(hit.shown);
  AppendMember("date", hit.shown.empty() ? nullptr : &date, out);
  for (const std::string_view key : {"available_seats", "prices"}) AppendMember(key, day->Find(key), out);
  out += '}';
}

/// v1: the record without its dates, then what it holds for the date, then the date (of a one-stop search).
void AppendTau1(const Json& flight, const Hit& hit, std::string& out) {
  Json merged = flight;
  merged.Erase("dates");
  for (const auto& [key, value] : FlightOn(flight, hit.date)->members()) merged.Set(key, value);
  if (!hit.shown.empty()) merged.Set("date", hit.shown);
  AppendPythonJson(merged, out);
}

void AppendHit(const State& state, const Hit& hit, std::string& out) {
  const Json& record = FlightRecord(state, hit.flight->record);
  const auto append = [&](std::string& text) {
    state.world().spec().benchmark == Benchmark::kTau2 ? AppendTau2(record, hit, text) : AppendTau1(record, hit, text);
  };
  const FlightIndex::Day* day = FlightIndex::Find(*hit.flight, hit.date);
  const bool untouched = state.ChangedRecord(kFlights, hit.flight->record) == nullptr;
  // The kept texts are those of the flight's own date; v1 also prints one date beside another's seats.
  if (!untouched || day == nullptr || (!hit.shown.empty() && hit.shown != hit.date)) return append(out);
  const Lazy<std::string>& kept = hit.shown.empty() ? day->undated : day->dated;
  out += kept.Get([&] {
    std::string text;
    append(text);
    return text;
  });
}

void Separate(std::string& out) {
  if (!out.ends_with('[')) out += ", ";
}

bool Available(const State& state, const Flight& flight, std::string_view date) {
  if (const Json* changed = state.ChangedRecord(kFlights, flight.record)) {
    const Json* day = FlightOn(*changed, date);
    return day != nullptr && day->StringOr("status", "") == "available";
  }
  const FlightIndex::Day* day = FlightIndex::Find(flight, date);
  return day != nullptr && day->available;
}

/// Whether an airport argument admits `code`. tau2 reads null as "any"; whatever is no string admits nothing.
bool Admits(const Json& airport, std::string_view code, bool null_is_any) {
  return airport.is_string() ? airport.AsString() == code : null_is_any && airport.is_null();
}

/// Calls `visit(flight)` for the flights between two airports, in file order, until it fails.
template <class Visit>
Status ForEachBetween(const FlightIndex& index, const Json& origin, const Json& destination, bool null_is_any,
                      Visit visit) {
  const auto consider = [&](const Flight& flight) -> Status {
    if (!Admits(destination, flight.destination, null_is_any)) return {};
    return visit(flight);
  };
  if (origin.is_string()) {
    for (const int i : index.From(origin.AsString())) {
      TRY(consider(index.flights()[i]));
    }
  } else if (null_is_any && origin.is_null()) {
    for (const Flight& flight : index.flights()) {
      TRY(consider(flight));
    }
  }
  return {};
}

const FlightIndex& Index(const State& state) { return state.world().Derived<FlightIndex>(); }

Expected<std::string> SearchDirect(State& state, const Json& arguments, bool null_is_any) {
  const Json& date = Argument(arguments, "date");
  std::string out = "[";
  TRY(ForEachBetween(Index(state), Argument(arguments, "origin"), Argument(arguments, "destination"), null_is_any,
                     [&](const Flight& flight) -> Status {
                       TRY_ASSIGN(const std::string* day, AsKey(date, "date"));
                       if (day == nullptr || !Available(state, flight, *day)) return {};
                       Separate(out);
                       AppendHit(state, {.flight = &flight, .date = *day, .shown = {}}, out);
                       return {};
                     }));
  return out += ']';
}

void AppendPair(const State& state, const Hit& first, const Hit& second, std::string& out) {
  Separate(out);
  out += '[';
  AppendHit(state, first, out);
  out += ", ";
  AppendHit(state, second, out);
  out += ']';
}

bool LandsNextDay(const Flight& flight) { return flight.arrival.find("+1") != std::string::npos; }

}  // namespace

Expected<std::string> SearchDirectTau2(State& state, const Json& arguments) {
  return SearchDirect(state, arguments, /*null_is_any=*/true);
}
Expected<std::string> SearchDirectTau1(State& state, const Json& arguments) {
  return SearchDirect(state, arguments, /*null_is_any=*/false);
}

Expected<std::string> SearchOnestopTau2(State& state, const Json& arguments) {
  const Json& date = Argument(arguments, "date");
  const Json& destination = Argument(arguments, "destination");
  const FlightIndex& index = Index(state);
  std::string out = "[";
  const auto first_leg = [&](const Flight& first) -> Status {
    TRY_ASSIGN(const std::string* day, AsKey(date, "date"));
    if (day == nullptr || !Available(state, first, *day)) return {};
    std::string next_day = *day;
    if (LandsNextDay(first)) {
      TRY_ASSIGN(next_day, NextDay(date));
    }
    for (const int i : index.From(first.destination)) {
      const Flight& second = index.flights()[i];
      if (!Admits(destination, second.destination, true) || second.departure < first.arrival) continue;
      if (!Available(state, second, next_day)) continue;
      AppendPair(state, {&first, *day, *day}, {&second, next_day, next_day}, out);
    }
    return {};
  };
  TRY(ForEachBetween(index, Argument(arguments, "origin"), Json(), true, first_leg));
  return out += ']';
}

Expected<std::string> SearchOnestopTau1(State& state, const Json& arguments) {
  const Json& origin = Argument(arguments, "origin");
  const Json& destination = Argument(arguments, "destination");
  const Json& date = Argument(arguments, "date");
  const FlightIndex& index = Index(state);
  std::string out = "[";
  if (!origin.is_string()) return out += ']';
  for (const int i : index.From(origin.AsString())) {
    const Flight& first = index.flights()[i];
    for (const int j : index.From(first.destination)) {
      const Flight& second = index.flights()[j];
      if (!Admits(destination, second.destination, false)) continue;
      std::string next_day;
      if (LandsNextDay(first)) {
        TRY_ASSIGN(next_day, NextDay(date));
      }
      if (first.arrival > second.departure) continue;
      TRY_ASSIGN(const std::string* day, AsKey(date, "date"));
      if (day == nullptr) continue;
      if (next_day.empty()) next_day = *day;
      if (!Available(state, first, *day) || !Available(state, second, next_day)) continue;
      // The reference shows the second flight's seats and prices of the first one's date.
      if (FlightOn(FlightRecord(state, second.record), *day) == nullptr)
        return BadArgument("date", "a known date", date);
      AppendPair(state, {&first, *day, *day}, {&second, *day, next_day}, out);
    }
  }
  return out += ']';
}

}  // namespace xsweep
