// tau2/airline's tools that book and change, and the look-ups they share with the reading ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "parts/environments/world/world.h"

namespace xsweep::tau2_airline {

// Errors carry the reference's text: "User U not found" and so on.
Expected<const Json*> FindUser(const State& state, const Json& id);
Expected<const Json*> FindReservation(const State& state, const Json& id);
Expected<const Json*> FindFlight(const State& state, const Json& number);
Expected<const Json*> FindFlightDay(const State& state, const Json& number, const Json& date);

// The models that the reference makes of the elements of an argument; more fields than these are dropped.
Expected<Json> FlightInfoModel(const Json& element, const std::string& what);
Expected<Json> PassengerModel(const Json& element, const std::string& what);
Expected<Json> PaymentModel(const Json& element, const std::string& what);

Expected<std::string> BookReservation(State& state, const Json& arguments);
Expected<std::string> UpdateBaggages(State& state, const Json& arguments);
Expected<std::string> UpdateFlights(State& state, const Json& arguments);
Expected<std::string> UpdatePassengers(State& state, const Json& arguments);

}  // namespace xsweep::tau2_airline
