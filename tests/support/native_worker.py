"""A worker that passes every call on to `xsweep env replay`, so that it agrees with the bundled desk.

Usage: native_worker.py XSWEEP [LIE]: from its LIE-th call on the content ends in another byte.
SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import sys

LIE = int(sys.argv[2]) if len(sys.argv) > 2 else None
desk = subprocess.Popen([sys.argv[1], "env", "replay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
episode = 0
calls = 0
last_hash = None


def replay(name, arguments):
    global last_hash
    desk.stdin.write(json.dumps({"seq": episode, "i": 0, "name": name, "arguments": arguments}) + "\n")
    desk.stdin.flush()
    line = json.loads(desk.stdout.readline())
    last_hash = line["db_hash"]
    return line


for text in sys.stdin:
    request = json.loads(text)
    reply = True
    if request["do"] == "reset":
        episode += 1
    if request["do"] == "call":
        calls += 1
        line = replay(request["name"], request["arguments"])
        content = line["content"]
        if LIE is not None and calls >= LIE and not line["error"]:
            content = content[:-1] + "?"
        reply = {"content": content, "error": line["error"]}
    if request["do"] == "hash":
        reply = last_hash
    print(json.dumps({"ok": reply}), flush=True)
