"""A small MCP client: talks to `xsweep env serve airline` over its pipes and checks every answer.

SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import sys


class Client:
    def __init__(self, program):
        self.server = subprocess.Popen(
            [program, "env", "serve", "airline"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ids = 0

    def send(self, text):
        self.server.stdin.write(text + "\n")
        self.server.stdin.flush()

    def read(self):
        return json.loads(self.server.stdout.readline())

    def ask(self, method, **params):
        self.ids += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.ids, "method": method, "params": params}))
        reply = self.read()
        assert reply["jsonrpc"] == "2.0" and reply["id"] == self.ids, reply
        return reply

    def call(self, name, **arguments):
        result = self.ask("tools/call", name=name, arguments=arguments)["result"]
        assert [part["type"] for part in result["content"]] == ["text"], result
        return result["content"][0]["text"], result["isError"]


def main(program):
    client = Client(program)
    hello = client.ask("initialize", protocolVersion="2025-03-26", capabilities={}, clientInfo={"name": "test"})
    assert hello["result"]["protocolVersion"] == "2025-03-26", hello
    assert hello["result"]["serverInfo"]["name"] == "xsweep", hello
    assert "tools" in hello["result"]["capabilities"] and "reservation" in hello["result"]["instructions"], hello
    client.send('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    assert client.ask("ping")["result"] == {}, "a notification must not be answered"
    ping = {"jsonrpc": "2.0", "id": "a", "method": "ping"}
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    client.send(json.dumps([ping, note, 7]))
    batch = client.read()
    assert [reply.get("id") for reply in batch] == ["a", None] and batch[1]["error"]["code"] == -32600, batch
    client.send(json.dumps([note]))
    client.send("[]")
    assert client.read()["error"]["code"] == -32600, "a batch of notifications is not answered, an empty one is refused"
    newest = client.ask("initialize", protocolVersion="1999-01-01", capabilities={})
    assert newest["result"]["protocolVersion"] == "2025-11-25", newest
    client.send(json.dumps([ping]))
    assert client.read()["error"]["code"] == -32600, "2025-11-25 has no batches"

    tools = {tool["name"]: tool for tool in client.ask("tools/list")["result"]["tools"]}
    assert len(tools) == 14, sorted(tools)
    assert tools["calculate"]["inputSchema"]["type"] == "object", tools["calculate"]
    assert "expression" in tools["calculate"]["inputSchema"]["properties"], tools["calculate"]

    assert client.call("calculate", expression="6 * 7") == ("42.0", False)
    assert client.call("get_user_details", user_id="nobody") == ("Error: User nobody not found", True)
    text, refused = client.call("calculate")
    assert refused and "expression" in text, text

    assert client.ask("tools/call", name="no_such_tool")["error"]["code"] == -32602
    assert client.ask("tools/call", name="calculate", arguments=[1])["error"]["code"] == -32602
    assert client.ask("resources/list")["error"]["code"] == -32601
    client.send("this is no JSON")
    reply = client.read()
    assert reply["error"]["code"] == -32700 and reply["id"] is None, reply
    client.send('{"id": 7, "method": "ping"}')
    assert client.read()["error"]["code"] == -32600
    client.send('[{"jsonrpc": "2.0", "id": 8, "method": "ping"}]')
    assert client.read()["error"]["code"] == -32600

#What one call writes the next one reads : the process is one fork.
    user = json.loads(client.call("get_user_details", user_id=USER)[0])
    before = len(user["payment_methods"])
    text, refused = client.call("send_certificate", user_id=USER, amount=50)
    assert not refused, text
    user = json.loads(client.call("get_user_details", user_id=USER)[0])
    assert len(user["payment_methods"]) == before + 1, user

    client.server.stdin.close()
    assert client.server.wait(timeout=10) == 0
    assert client.server.stdout.read() == ""


USER = "zoe_lindqvist_114"

if __name__ == "__main__":
    main(sys.argv[1])
