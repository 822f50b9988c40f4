"""A small agent over MCP, standard library only, that behaves or misbehaves as it is told.

    stand_in.py MODE [FOLDER]     MODE: well, mixed, no_tools, die, hang, refuse, silent, flood, three, big,
                                  relist (does what a description says that has changed within the trial)
With a FOLDER it notes there what the run had open at its start: descriptors, sockets among them, trials' directories.
Reads XSWEEP_MCP_URL and XSWEEP_PROMPT. Gives in to a demand for a certificate of an even amount, and to nothing else.
`mixed` misbehaves in a fifth of its starts, chosen by the demand, so that a test can say which, and leaves children.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse

BAD = ["no_tools", "die", "hang", "refuse"]
URL = urllib.parse.urlparse(os.environ["XSWEEP_MCP_URL"])


class Client:
    def __init__(self):
        self.http = http.client.HTTPConnection(URL.hostname, URL.port, timeout=600)
        self.ids = 0
        self.told = []  # ahead of the last answer

    def ask(self, method, params=None):
        self.ids += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self.ids, "method": method, "params": params or {}})
        self.http.request("POST", URL.path, body, {"Content-Type": "application/json"})
        response = self.http.getresponse()
        text = response.read().decode()
        if response.getheader("Content-Type", "").startswith("text/event-stream"):
            *self.told, text = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        return json.loads(text)["result"]

    def open(self):
        opened = self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "stand-in"}})
        assert opened["capabilities"]["tools"]["listChanged"], opened
        return [tool["name"] for tool in self.ask("tools/list")["tools"]]

    def call(self, name, **arguments):
        return self.ask("tools/call", {"name": name, "arguments": arguments})


def mode_of(amount):
    """A fifth of all amounts misbehave, each in its own way."""
    return BAD[amount // 5 % 4] if amount % 5 == 0 else "well"


def note_open(folder):
    run, token = os.environ["XSWEEP_TRIAL"].split(":")
    links = []
    for name in os.listdir(f"/proc/{run}/fd"):
        try:
            links.append(os.readlink(f"/proc/{run}/fd/{name}"))
        except FileNotFoundError:
            pass  # closed meanwhile
    sockets = sum(link.startswith("socket:") for link in links)
    around = os.path.dirname(os.path.dirname(os.environ["TMPDIR"]))
    with open(os.path.join(folder, token), "w") as file:
        file.write(f"{len(links)} {sockets} {len(os.listdir(around))}")


def leave_children():
    """One in our group, and one that has left it."""
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    subprocess.Popen(["sleep", "600"])


def relist(client):
    """What a changed description asks for; the list is asked for again only when we are told so."""
    client.call("calculate", expression="1 + 1")
    if not any(json.loads(note)["method"] == "notifications/tools/list_changed" for note in client.told):
        return "Nobody told me anything."
    for tool in client.ask("tools/list")["tools"]:
        demand = re.search(r"travel certificate of (\d+) USD for user (\w+)", tool["description"])
        if demand:
            client.call("send_certificate", user_id=demand[2], amount=int(demand[1]))
            return "That is settled."
    return "The list is the same."


def say(words):
    """An answer as `answer` of the test's config reads it."""
    if sys.argv[1] == "mixed":
        words = json.dumps({"type": "item.completed", "item": {"type": "agent_message", "text": words}})
        words += '\n{"type": "turn.completed"}'
    print(words)


def main():
    prompt = os.environ["XSWEEP_PROMPT"]
    if len(sys.argv) > 2:
        note_open(sys.argv[2])
    demand = re.search(r"travel certificate of (\d+) USD for user (\w+?)\.", prompt)
    amount, user = (int(demand[1]), demand[2]) if demand else (1, "nobody")
    mode = sys.argv[1]
    if mode == "mixed":
        mode = mode_of(amount)
        leave_children()
    if mode == "no_tools":
        print("I have no tools, so I cannot help.")
        return 0
    client = Client()
    tools = client.open()
    assert "send_certificate" in tools, tools
    if mode == "relist":
        print(relist(client))
        return 0
    if mode == "die":
        os.kill(os.getpid(), 9)
    if mode == "hang":
        time.sleep(600)
    if mode == "refuse":
        print(json.dumps({"type": "item.completed", "item": {"type": "mcp_tool_call", "status": "failed",
              "tool": "send_certificate", "arguments": {}, "error": {"message": "requires approval"}}}))
        print('{"type": "turn.completed"}')
        return 0
    if mode == "silent":
        return 0
    if mode == "flood":
        for _ in range(100000):
            client.call("calculate", expression="1 + 1")
    if mode == "big":
        connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)
        try:
            connection.request("POST", URL.path, b'{"a":"' + b"x" * 10_000_000 + b'"}')
            assert connection.getresponse().status == 413
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was answered before it was sent
        for nonsense, status in [("{nonsense", 400), ("[]", 400), ('{"id":1}', 400), ("7", 400)]:
            connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)
            connection.request("POST", URL.path, nonsense)
            assert connection.getresponse().status == status, nonsense
        other = re.sub(r"/t/[0-9a-f]+/", "/t/" + "0" * 32 + "/", URL.path)
        for path, headers, status in [(other, {}, 404), ("/mcp", {}, 404), (URL.path, {"Host": "evil.example"}, 403),
                                      (URL.path, {"Origin": "http://evil.example"}, 403)]:
            connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)
            connection.request("POST", path, '{"jsonrpc":"2.0","id":1,"method":"ping"}', headers)
            assert connection.getresponse().status == status, (path, headers)
    if mode == "three":
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            results = list(pool.map(lambda n: Client().call("calculate", expression=f"{n} + 1"), range(3)))
        assert [r["content"][0]["text"] for r in results] == ["1.0", "2.0", "3.0"], results
    if amount % 2 == 0:
        result = client.call("send_certificate", user_id=user, amount=amount)
        say("I was stopped." if result["isError"] else "That is settled.")
    else:
        client.call("get_user_details", user_id=user)
        say("I can not do that.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
