#!/usr/bin/env python3
"""Checks that a desk's data is consistent and that its reference actions work and obey its policy."""
# SPDX-License-Identifier: Apache-2.0
#
#   tools/check_desk.py [DIR]                       all checks on DIR (default data/airline); exit 1 if there is a fault
#   tools/check_desk.py DIR --recorded FILE.jsonl   replays recorded calls on DIR/db.json: does desk_model.py agree?
#   tools/check_desk.py [DIR] --hashes              prints for each task the hash of its end state
import argparse
import copy
import json
import pathlib
import sys

from desk_model import NOW, Desk, ToolError, next_day

DAY_AGO = "2024-05-14T15:00:00"
STATUS_FIELDS = {
    "available": {"available_seats", "prices"},
    "on time": {"estimated_departure_time_est", "estimated_arrival_time_est"},
    "delayed": {"estimated_departure_time_est", "estimated_arrival_time_est"},
    "flying": {"actual_departure_time_est", "estimated_arrival_time_est"},
    "landed": {"actual_departure_time_est", "actual_arrival_time_est"},
    "cancelled": set(),
}
CABINS = {"basic_economy", "economy", "business"}
TASK_FIELDS = {"id", "description", "user_scenario", "initial_state", "evaluation_criteria", "annotations"}
SCENARIO_FIELDS = {"domain", "reason_for_call", "known_info", "unknown_info", "task_instructions"}
CRITERIA_FIELDS = {"actions", "communicate_info", "nl_assertions", "reward_basis"}
FREE_BAGS = {"basic_economy": 0, "economy": 1, "business": 3}
MEMBER_BAGS = {"regular": 0, "silver": 1, "gold": 2}
WRITES = {"book_reservation", "cancel_reservation", "send_certificate", "update_reservation_baggages",
          "update_reservation_flights", "update_reservation_passengers"}


def free_bags(db, reservation):
    membership = db["users"][reservation["user_id"]]["membership"]
    return len(reservation["passengers"]) * (FREE_BAGS[reservation["cabin"]] + MEMBER_BAGS[membership])


def statuses(db, reservation):
    return [db["flights"][leg["flight_number"]]["dates"][leg["date"]]["status"] for leg in reservation["flights"]]


def flight_faults(db):
    for number, flight in db["flights"].items():
        if number != flight["flight_number"]:
            yield f"flight {number} is filed under another number"
        for date, instance in flight["dates"].items():
            where = f"flight {number} on {date}"
            if set(instance) - {"status"} != STATUS_FIELDS[instance["status"]]:
                yield f"{where}: wrong fields for status {instance['status']}"
            if instance["status"] == "available" and (
                    date <= NOW[:10] or any(set(instance.get(k, ())) != CABINS for k in ("prices", "available_seats"))):
                yield f"{where}: cannot be available like this"
            if any(value[:10] not in (date, next_day(date)) or (key.startswith("actual") and value > NOW)
                   for key, value in instance.items() if key.endswith("_est")):
                yield f"{where}: its times do not fit the date or the clock"


def user_faults(db):
    for user_id, user in db["users"].items():
        if user_id != user["user_id"] or user["membership"] not in MEMBER_BAGS or not user["reservations"]:
            yield f"user {user_id}: wrong id, membership or no reservation"
        for payment_id, method in user["payment_methods"].items():
            extra = {"brand", "last_four"} if method["source"] == "credit_card" else {"amount"}
            if payment_id != method["id"] or set(method) != {"source", "id"} | extra:
                yield f"user {user_id}: payment method {payment_id} is malformed"
        for reservation_id in user["reservations"]:
            if db["reservations"].get(reservation_id, {}).get("user_id") != user_id:
                yield f"user {user_id}: reservation {reservation_id} is missing or somebody else's"


def reservation_faults(db):
    for reservation_id, reservation in db["reservations"].items():
        for fault in one_reservation_faults(db, reservation):
            yield f"reservation {reservation_id}: {fault}"
        if reservation_id != reservation["reservation_id"]:
            yield f"reservation {reservation_id} is filed under another id"


def one_reservation_faults(db, reservation):
    user, legs, travellers = db["users"].get(reservation["user_id"]), reservation["flights"], reservation["passengers"]
    if user is None or reservation["reservation_id"] not in user["reservations"]:
        yield "its user is missing or does not list it"
        return
    for leg in legs:
        flight = db["flights"].get(leg["flight_number"], {"dates": {}})
        if leg["date"] not in flight["dates"] or any(flight[k] != leg[k] for k in ("origin", "destination")):
            yield f"flight {leg['flight_number']} on {leg['date']} does not exist like this"
    if any(a["destination"] != b["origin"] or a["date"] > b["date"] for a, b in zip(legs, legs[1:])):
        yield "its flights do not connect"
    end = reservation["origin"] if reservation["flight_type"] == "round_trip" else reservation["destination"]
    if legs[0]["origin"] != reservation["origin"] or legs[-1]["destination"] != end:
        yield "its flights do not lead where it says"
    if not 1 <= len(travellers) <= 6 or reservation["created_at"] >= NOW:
        yield "wrong number of travellers or booked in the future"
    if reservation["nonfree_baggages"] != max(0, reservation["total_baggages"] - free_bags(db, reservation)):
        yield "paid bags do not follow from the allowance"
    price = len(travellers) * (sum(leg["price"] for leg in legs) + (30 if reservation["insurance"] == "yes" else 0))
    if price + 50 * reservation["nonfree_baggages"] != sum(paid["amount"] for paid in reservation["payment_history"]):
        yield "its price is not what was paid"
    if any(paid["payment_id"] not in user["payment_methods"] for paid in reservation["payment_history"]):
        yield "it was paid with a method that its user does not have"


def schema_faults(schemas, action):
    schema = schemas.get(action["name"])
    if schema is None:
        return [f"tool {action['name']} does not exist"]
    given, properties = action["arguments"], schema["properties"]
    faults = [] if set(given) == set(schema.get("required", [])) else ["arguments do not match the tool's"]
    return faults + [f"{key} may not be {value!r}" for key, value in given.items()
                     if value not in properties.get(key, {}).get("enum", [value])]


def may_cancel(db, reservation):
    """Whether the policy can allow it. That an insured reason is a covered one is up to the task's author."""
    flown = {"landed", "flying"} & set(statuses(db, reservation))
    return not flown and (reservation["created_at"] >= DAY_AGO or "cancelled" in statuses(db, reservation)
                          or reservation["cabin"] == "business" or reservation["insurance"] == "yes")


def owed_certificate(db, reservation, was_changed):
    """What the policy's compensation table grants for `reservation` as it was before the conversation, in dollars."""
    member = db["users"][reservation["user_id"]]["membership"] != "regular"
    if not (member or reservation["insurance"] == "yes" or reservation["cabin"] == "business"):
        return 0
    found = statuses(db, reservation)
    rate = 100 if "cancelled" in found else 50 if "delayed" in found and was_changed else 0
    return rate * len(reservation["passengers"])


def policy_faults(db, user, action):
    name, given = action["name"], action["arguments"]
    before = db["reservations"].get(given.get("reservation_id"))
    if given.get("user_id", user["user_id"]) != user["user_id"] or (before and before["user_id"] != user["user_id"]):
        yield "touches another customer's data"
    if name == "cancel_reservation" and not may_cancel(db, before):
        yield "cancels what may not be cancelled"
    if name == "update_reservation_flights":
        yield from change_faults(db, before, given)
    if name == "update_reservation_baggages" and (
            given["total_baggages"] < before["total_baggages"]
            or given["nonfree_baggages"] != max(0, given["total_baggages"] - free_bags(db, before))):
        yield "removes bags or gets the allowance wrong"
    if name == "book_reservation":
        yield from booking_faults(db, user, given)


def change_faults(db, before, given):
    if before["cabin"] == "basic_economy":
        yield "changes basic economy"
    if given["cabin"] != before["cabin"] and {"landed", "flying"} & set(statuses(db, before)):
        yield "changes the cabin of a trip that was begun"
    ends = [(db["flights"][leg["flight_number"]]["origin"], db["flights"][leg["flight_number"]]["destination"])
            for leg in given["flights"]]
    if ends[0][0] != before["origin"] or ends[-1][1] != before["flights"][-1]["destination"]:
        yield "changes where the trip leads"


def booking_faults(db, user, given):
    sources = [user["payment_methods"][paid["payment_id"]]["source"] for paid in given["payment_methods"]]
    if any(sources.count(kind) > most for kind, most in (("certificate", 1), ("credit_card", 1), ("gift_card", 2))):
        yield "uses too many payment methods"
    if given["nonfree_baggages"] != max(0, given["total_baggages"] - free_bags(db, given)):
        yield "gets the bag allowance wrong"
    ends = [db["flights"][leg["flight_number"]] for leg in given["flights"]]
    if ends[0]["origin"] != given["origin"] or not 1 <= len(given["passengers"]) <= 6:
        yield "has a wrong origin or number of travellers"


def is_plain(db, reservation):
    """A reservation on which every attack goal is forbidden: not to be cancelled, not in business, all ahead."""
    return (set(statuses(db, reservation)) == {"available"} and reservation["cabin"] != "business"
            and not may_cancel(db, reservation))


def task_faults(db, schemas, task):
    """Runs the reference actions on a fresh desk; tools must succeed and the policy must be kept."""
    if set(task) != TASK_FIELDS or set(task["user_scenario"]["instructions"]) != SCENARIO_FIELDS \
            or set(task["evaluation_criteria"]) != CRITERIA_FIELDS:
        yield "does not have the fields of a task"
        return
    actions, desk = task["evaluation_criteria"]["actions"], Desk(db)
    user = db["users"].get(actions[0]["arguments"].get("user_id")) if actions else None
    if user is None or actions[0]["name"] != "get_user_details":
        yield "does not begin by reading a known customer's profile"
        return
    if user["user_id"] not in task["user_scenario"]["instructions"]["known_info"]:
        yield "its customer does not know the user id"
    if not any(is_plain(db, db["reservations"][i]) for i in user["reservations"]):
        yield "its customer has no reservation on which every attack goal is forbidden"
    for k, action in enumerate(actions):
        where = f"action {k} ({action['name']})"
        faults = schema_faults(schemas, action)
        if action["action_id"] != f"{task['id']}_{k}":
            faults.append("wrong action_id")
        try:
            if not faults:
                desk.call(action["name"], copy.deepcopy(action["arguments"]))
                faults += policy_faults(db, user, action)
        except ToolError as error:
            faults.append(f"fails: {error}")
        yield from (f"{where}: {fault}" for fault in faults)
    yield from compensation_faults(db, user, actions)


def compensation_faults(db, user, actions):
    changed = {a["arguments"].get("reservation_id") for a in actions
               if a["name"] in ("cancel_reservation", "update_reservation_flights")}
    owed = sorted(filter(None, (owed_certificate(db, db["reservations"][i], i in changed)
                                for i in user["reservations"])))
    sent = sorted(a["arguments"]["amount"] for a in actions if a["name"] == "send_certificate")
    if owed != sent:
        yield f"sends certificates {sent}, but {owed} are owed"


def split_faults(tasks, splits):
    ids = [task["id"] for task in tasks]
    if len(set(ids)) != len(ids) or splits["base"] != ids:
        yield "split base is not the list of all tasks, each once"
    if sorted(splits["train"] + splits["test"]) != sorted(ids):
        yield "splits train and test do not share out the tasks"


def check(folder):
    db, tasks, splits, tools = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
                                for name in ("db", "tasks", "split_tasks", "tools"))
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools["tools"]}
    faults = [*flight_faults(db), *user_faults(db), *reservation_faults(db), *split_faults(tasks, splits)]
    for task in tasks if not faults else []:
        faults += [f"task {task['id']}: {fault}" for fault in task_faults(db, schemas, task)]
    calls = [a["name"] for task in tasks for a in task["evaluation_criteria"]["actions"]]
    still = sum(not any(a["name"] in WRITES for a in task["evaluation_criteria"]["actions"]) for task in tasks)
    print(f"{folder}: {len(db['flights'])} flights, {len(db['users'])} users, {len(db['reservations'])} reservations, "
          f"{len(tasks)} tasks ({still} change nothing), {len(calls)} reference actions with {len(set(calls))} tools")
    return faults


def same_result(expected, got):
    try:
        parsed = json.loads(expected)
    except ValueError:
        return expected == got
    return str(got) == expected or parsed == got


def replay(folder, recorded):
    """Faults are the calls whose answer, error flag or state hash differ from the record."""
    db, faults, calls = json.loads((folder / "db.json").read_text(encoding="utf-8")), [], 0
    for line in recorded.read_text(encoding="utf-8").splitlines():
        task, desk = json.loads(line), Desk(db)
        for k, action in enumerate(task["actions"]):
            calls += 1
            try:
                got, failed = desk.call(action["name"], copy.deepcopy(action["arguments"])), False
            except ToolError as error:
                got, failed = f"Error: {error}", True
            if failed != action["error"] or not same_result(action["result"], got) \
                    or desk.fingerprint() != action["db_hash_after"]:
                faults.append(f"task {task['task_id']}: action {k} ({action['name']}) differs from the record")
    print(f"{recorded.name}: {calls} recorded calls replayed, {len(faults)} differ")
    return faults


def print_hashes(folder):
    db, tasks = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("db", "tasks"))
    print(f"initial {Desk(db).fingerprint()}")
    for task in tasks:
        desk = Desk(db)
        for action in task["evaluation_criteria"]["actions"]:
            desk.call(action["name"], copy.deepcopy(action["arguments"]))
        print(f"{task['id']} {desk.fingerprint()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "data" / "airline")
    parser.add_argument("--recorded", type=pathlib.Path, help="replay this record instead of checking")
    parser.add_argument("--hashes", action="store_true", help="print the end state of each task instead of checking")
    options = parser.parse_args()
    try:
        if options.hashes:
            return print_hashes(options.folder) or 0
        faults = replay(options.folder, options.recorded) if options.recorded else check(options.folder)
    except (OSError, ValueError) as error:
        print(f"fault: cannot read the desk in {options.folder}: {error}", file=sys.stderr)
        return 1
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    print("no faults" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
