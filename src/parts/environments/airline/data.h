// The airline's tables in both benchmarks, and the searches over its flights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parts/environments/world/lazy.h"
#include "parts/environments/world/world.h"

namespace xsweep {

enum AirlineTable : int { kFlights = 0, kReservations = 1, kUsers = 2 };

// A record as tau2's models hold it: fields in the model's order, amounts as floats, a status that may be null.
Json AirlineUserModel(const Json& raw);
Json AirlineReservationModel(const Json& raw);

/// In the order of AirlineTable. v1 keeps the files' records.
inline constexpr std::array<TableSpec, 3> kTau2AirlineTables{
    {{"flights", nullptr}, {"reservations", AirlineReservationModel}, {"users", AirlineUserModel}}};
inline constexpr std::array<TableSpec, 3> kTau1AirlineTables{
    {{"flights", nullptr}, {"reservations", nullptr}, {"users", nullptr}}};

// What both benchmarks take for granted.
inline constexpr std::string_view kAirlineNow = "2024-05-15T15:00:00";
struct Airport {
  std::string_view iata;
  std::string_view city;
};
std::span<const Airport> Airports();

/// Flights by origin, and the text of each flight on each date as a search prints it. Built once per world.
class FlightIndex {
 public:
  explicit FlightIndex(const World& world);

  struct Day {
    std::string date;
    bool available = false;
    Lazy<std::string> undated;  ///< tau2: "date": null; v1: no date
    Lazy<std::string> dated;
  };
  struct Flight {
    int record = 0;
    std::string origin;
    std::string destination;
    std::string departure;
    std::string arrival;  ///< "07:05:00+1" lands on the next day
    std::vector<Day> days;
  };
  const std::vector<Flight>& flights() const { return flights_; }
  /// The flight's entry for that date, or nullptr.
  static const Day* Find(const Flight& flight, std::string_view date);
  /// Positions in flights(), in file order.
  const std::vector<int>& From(std::string_view origin) const;

 private:
  std::vector<Flight> flights_;
  std::unordered_map<std::string_view, std::vector<int>> by_origin_;
};

// The two search tools; arguments as Python finds them (tau2 takes a null airport for any).
Expected<std::string> SearchDirectTau2(State& state, const Json& arguments);
Expected<std::string> SearchOnestopTau2(State& state, const Json& arguments);
Expected<std::string> SearchDirectTau1(State& state, const Json& arguments);
Expected<std::string> SearchOnestopTau1(State& state, const Json& arguments);

/// The record of that flight in a state.
const Json& FlightRecord(const State& state, int record);
/// The entry of `dates`, or nullptr.
const Json* FlightOn(const Json& flight, std::string_view date);
/// `2024-05-<day of date + 1>`, unpadded as the references write it; an error when the date does not end in a number.
Expected<std::string> NextDay(const Json& date);

}  // namespace xsweep
