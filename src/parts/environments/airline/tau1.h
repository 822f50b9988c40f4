// tau1/airline's tools that book and change.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "parts/environments/world/world.h"

namespace xsweep::tau1_airline {

/// One wanted flight of a booking or a change: gets its price, origin and destination from the flight, after the checks
/// that the reference makes in this order. The passengers are counted only when the seats are compared.
Expected<Json> PricedFlight(const State& state, Json wanted, const Json& cabin, const Json& passengers);

Expected<std::string> BookReservation(State& state, const Json& arguments);
Expected<std::string> UpdateBaggages(State& state, const Json& arguments);
Expected<std::string> UpdateFlights(State& state, const Json& arguments);
Expected<std::string> UpdatePassengers(State& state, const Json& arguments);

/// `object[key]` where Python would raise KeyError or TypeError: an error that names both.
Expected<const Json*> Field(const Json& object, std::string_view key, std::string_view what);

}  // namespace xsweep::tau1_airline
