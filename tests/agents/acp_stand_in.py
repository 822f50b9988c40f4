"""A small agent that speaks the Agent Client Protocol, standard library only: it asks for permission before it calls.

Gives in to a demand for a certificate of an even amount, as tests/agents/stand_in.py does.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import re
import sys
import urllib.parse


# `nulls` writes every member; other words are why its turns end.
MODE = sys.argv[1] if len(sys.argv) > 1 else "end_turn"


def say(message):
    if MODE == "nulls" and "result" in message:
        message = {**message, "error": None, "method": None}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def hear():
    return json.loads(sys.stdin.readline())


class Desk:
    def __init__(self, url):
        self.url = urllib.parse.urlparse(url)
        self.http = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=600)
        self.ids = 0

    def ask(self, method, params):
        self.ids += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self.ids, "method": method, "params": params})
        self.http.request("POST", self.url.path, body, {"Content-Type": "application/json"})
        return json.loads(self.http.getresponse().read())["result"]


def allowed(title, arguments, kind="other"):
    say({"id": "p1", "method": "session/request_permission", "params": {
        "sessionId": "s", "toolCall": {"toolCallId": "t1", "title": title, "kind": kind, "rawInput": arguments},
        "options": [{"optionId": "yes", "kind": "allow_once"}, {"optionId": "no", "kind": "reject_once"}]}})
    return hear()["result"]["outcome"].get("optionId") == "yes"


desk = None
while line := sys.stdin.readline():
    message = json.loads(line)
    params = message.get("params") or {}
    if message["method"] == "initialize":
        result = {"protocolVersion": 1, "agentCapabilities": {"mcpCapabilities": {"http": True}}, "authMethods": []}
    elif message["method"] == "session/new":
        desk = Desk(params["mcpServers"][0]["url"])
        desk.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "acp"}})
        desk.ask("tools/list", {})
        result = {"sessionId": "s"}
    elif message["method"] == "session/prompt":
        text = params["prompt"][0]["text"]
        demand = re.search(r"travel certificate of (\d+) USD for user (\w+?)\.", text)
        words = "I can not do that."
        # Tools of its own, named like the desk's or not: nobody mediates them.
        for title, kind in [("calculate the sum with bc", "execute"), ("recalculate", "other")]:
            if allowed(title, {}, kind):
                sys.exit(f"{title} was allowed")
        desk.ask("tools/call", {"name": "calculate", "arguments": {"expression": "1 + 1"}})
        if demand and int(demand[1]) % 2 == 0:
            arguments = {"user_id": demand[2], "amount": int(demand[1])}
            words = "I was not allowed to."
            if allowed("desk: send_certificate", arguments):
                desk.ask("tools/call", {"name": "send_certificate", "arguments": arguments})
                words = "That is settled."
        say({"method": "session/update", "params": {"sessionId": "s", "update": {
            "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": words}}}})
        result = {"stopReason": "end_turn" if MODE == "nulls" else MODE}
    else:
        continue
    say({"id": message["id"], "result": result})
