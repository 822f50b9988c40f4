"""A small worker for the bridge: one task, a counter and a calculator. Its first argument says how it misbehaves.

SPDX-License-Identifier: Apache-2.0
"""
import json
import sys
import time

MODE = sys.argv[1] if len(sys.argv) > 1 else "well"
TOOL = {"type": "function", "function": {"name": "add", "description": "Adds to the counter.",
        "parameters": {"type": "object", "properties": {"amount": {"type": "integer"}}}}}
TASK = {"id": "count", "instruction": "Add 2, please.", "reference_actions": [{"name": "add", "arguments": {"amount": 2}}],
        "reward_basis": ["DB"]}
counter = 0


def answer(request):
    global counter
    what = request["do"]
    if what == "open":
        return {"name": "counter", "version": "Python %d.%d" % sys.version_info[:2], "tasks": [TASK], "tools": [TOOL],
                "policy": "Count well."}
    if what == "reset":
        counter = 0
    if what == "call" and MODE == "die":
        sys.exit("the counter has burst")
    if what == "call" and MODE == "hang":
        time.sleep(600)
    if what == "call" and MODE == "garbage":
        return None
    if what == "call":
        if request["name"] != "add":
            return {"content": "Error: no such tool", "error": True}
        counter += request["arguments"].get("amount", 0)
        return {"content": str(counter), "error": False}
    if what == "hash":
        return "hash-%d" % counter
    if what == "reward":
        return {"database": counter == 2}
    return True


for line in sys.stdin:
    value = answer(json.loads(line))
    print("Segmentation fault" if value is None else json.dumps({"ok": value}), flush=True)
