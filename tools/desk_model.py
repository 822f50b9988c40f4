"""A second, independent model of the airline desk's tools, for tools/check_desk.py."""
# SPDX-License-Identifier: Apache-2.0
#
# It is written from the tools' description, not from the program's C++, so that neither can hide the other's mistake.
# It covers well-formed calls only: what a tool says to malformed arguments is no concern of a reference action.
import copy
import datetime
import hashlib
import json

NOW = "2024-05-15T15:00:00"


class ToolError(Exception):
    """What a tool answers instead of a result."""


def require(condition, message):
    if not condition:
        raise ToolError(message)


class Desk:
    """The airline tools over a database of its own; one method a tool."""

    def __init__(self, db):
        self.db = copy.deepcopy(db)

    def call(self, name, arguments):
        return getattr(self, name)(**arguments)

    def fingerprint(self):
        """SHA-256 of the whole state as canonical JSON."""
        state = copy.deepcopy(self.db)
        for reservation in state["reservations"].values():
            reservation.setdefault("status", None)
        return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()

    def get_user_details(self, user_id):
        require(user_id in self.db["users"], f"User {user_id} not found")
        return self.db["users"][user_id]

    def get_reservation_details(self, reservation_id):
        require(reservation_id in self.db["reservations"], f"Reservation {reservation_id} not found")
        reservation = self.db["reservations"][reservation_id]
        reservation.setdefault("status", None)
        return reservation

    def get_flight_status(self, flight_number, date):
        return self._instance(flight_number, date)["status"]

    def list_all_airports(self):
        """Codes only: the data holds no names of cities."""
        return sorted({flight["origin"] for flight in self.db["flights"].values()})

    def calculate(self, expression):
        require(set(expression) <= set("0123456789+-*/(). "), "Invalid characters in expression")
        return str(round(float(eval(expression, {"__builtins__": {}})), 2))

    def transfer_to_human_agents(self, summary):
        return "Transfer successful"

    def search_direct_flight(self, origin, destination, date):
        return [self._offer(flight, date, None) for flight in self.db["flights"].values()
                if flight["origin"] == origin and flight["destination"] == destination
                and self._bookable(flight, date)]

    def search_onestop_flight(self, origin, destination, date):
        pairs = []
        for first in self.db["flights"].values():
            if first["origin"] != origin:
                continue
            arrival = first["scheduled_arrival_time_est"]
            onward = next_day(date) if "+1" in arrival else date
            for second in self.db["flights"].values():
                meets = second["origin"] == first["destination"] and second["destination"] == destination
                if meets and arrival <= second["scheduled_departure_time_est"] \
                        and self._bookable(first, date) and self._bookable(second, onward):
                    pairs.append([self._offer(first, date, date), self._offer(second, onward, onward)])
        return pairs

    def book_reservation(self, user_id, origin, destination, flight_type, cabin, flights, passengers, payment_methods,
                         total_baggages, nonfree_baggages, insurance):
        user = self.get_user_details(user_id)
        free_ids = [i for i in ("HATHAT", "HATHAU", "HATHAV") if i not in self.db["reservations"]]
        require(free_ids, "Too many reservations")
        booked = [self._segment(leg, cabin, len(passengers)) for leg in flights]
        total = len(passengers) * (sum(leg["price"] for leg in booked) + (30 if insurance == "yes" else 0))
        self._pay_booking(user, payment_methods, total + 50 * nonfree_baggages)
        for leg in booked:
            self._instance(leg["flight_number"], leg["date"])["available_seats"][cabin] -= len(passengers)
        reservation = {
            "reservation_id": free_ids[0], "user_id": user_id, "origin": origin, "destination": destination,
            "flight_type": flight_type, "cabin": cabin, "flights": booked, "passengers": passengers,
            "payment_history": payment_methods, "created_at": NOW, "total_baggages": total_baggages,
            "nonfree_baggages": nonfree_baggages, "insurance": insurance, "status": None}
        self.db["reservations"][free_ids[0]] = reservation = copy.deepcopy(reservation)
        user["reservations"].append(free_ids[0])
        return reservation

    def cancel_reservation(self, reservation_id):
        reservation = self.get_reservation_details(reservation_id)
        history = reservation["payment_history"]
        history += [{"payment_id": paid["payment_id"], "amount": -paid["amount"]} for paid in list(history)]
        reservation["status"] = "cancelled"
        return reservation

    def send_certificate(self, user_id, amount):
        user = self.get_user_details(user_id)
        ids = [f"certificate_{n}" for n in (3221322, 3221323, 3221324)]
        unused = [i for i in ids if i not in user["payment_methods"]]
        require(unused, "Too many certificates")
        user["payment_methods"][unused[0]] = {"source": "certificate", "id": unused[0], "amount": float(amount)}
        return f"Certificate {unused[0]} added to user {user_id} with amount {amount}."

    def update_reservation_baggages(self, reservation_id, total_baggages, nonfree_baggages, payment_id):
        reservation = self.get_reservation_details(reservation_id)
        added = max(0, nonfree_baggages - reservation["nonfree_baggages"])
        self._settle(reservation, payment_id, 50 * added)
        reservation.update(total_baggages=total_baggages, nonfree_baggages=nonfree_baggages)
        return reservation

    def update_reservation_flights(self, reservation_id, cabin, flights, payment_id):
        reservation = self.get_reservation_details(reservation_id)
        travellers = len(reservation["passengers"])
        kept = {(leg["flight_number"], leg["date"]): leg for leg in reservation["flights"]
                if cabin == reservation["cabin"]}
        changed = [kept.get((leg["flight_number"], leg["date"])) or self._segment(leg, cabin, travellers)
                   for leg in flights]
        difference = sum(leg["price"] for leg in changed) - sum(leg["price"] for leg in reservation["flights"])
        self._settle(reservation, payment_id, difference * travellers)
        reservation.update(flights=copy.deepcopy(changed), cabin=cabin)
        return reservation

    def update_reservation_passengers(self, reservation_id, passengers):
        reservation = self.get_reservation_details(reservation_id)
        require(len(passengers) == len(reservation["passengers"]), "Number of passengers does not match")
        reservation["passengers"] = copy.deepcopy(passengers)
        return reservation

    def _instance(self, number, date):
        require(number in self.db["flights"], f"Flight {number} not found")
        dates = self.db["flights"][number]["dates"]
        require(date in dates, f"Flight {number} not found on date {date}")
        return dates[date]

    def _bookable(self, flight, date):
        return flight["dates"].get(date, {}).get("status") == "available"

    def _offer(self, flight, date, shown_date):
        instance = flight["dates"][date]
        schedule = {k: v for k, v in flight.items() if k != "dates"}
        return {**schedule, "status": "available", "date": shown_date,
                "available_seats": instance["available_seats"], "prices": instance["prices"]}

    def _segment(self, leg, cabin, travellers):
        number, date = leg["flight_number"], leg["date"]
        instance = self._instance(number, date)
        require(instance["status"] == "available", f"Flight {number} not available on date {date}")
        require(instance["available_seats"][cabin] >= travellers, f"Not enough seats on flight {number}")
        flight = self.db["flights"][number]
        return {"flight_number": number, "origin": flight["origin"], "destination": flight["destination"],
                "date": date, "price": instance["prices"][cabin]}

    def _pay_booking(self, user, payments, total):
        wallet = user["payment_methods"]
        for paid in payments:
            require(paid["payment_id"] in wallet, f"Payment method {paid['payment_id']} not found")
            balance = wallet[paid["payment_id"]].get("amount", paid["amount"])
            require(balance >= paid["amount"], f"Not enough balance in payment method {paid['payment_id']}")
        given = sum(paid["amount"] for paid in payments)
        require(given == total, f"Payment amount does not add up, total price is {total}, but paid {given}")
        for paid in payments:
            source = wallet[paid["payment_id"]]["source"]
            if source == "gift_card":
                wallet[paid["payment_id"]]["amount"] -= paid["amount"]
            elif source == "certificate":
                del wallet[paid["payment_id"]]

    def _settle(self, reservation, payment_id, due):
        wallet = self.db["users"][reservation["user_id"]]["payment_methods"]
        require(payment_id in wallet, "Payment method not found")
        method = wallet[payment_id]
        require(method["source"] != "certificate", "Certificate cannot be used to update reservation")
        if method["source"] == "gift_card":
            require(method["amount"] >= due, "Gift card balance is not enough")
            method["amount"] -= due
        if due:
            reservation["payment_history"].append({"payment_id": payment_id, "amount": due})


def next_day(date):
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days=1)).isoformat()
