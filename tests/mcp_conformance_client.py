#!/usr/bin/env python3
"""The client of the conformance suite's client scenarios: xsweep itself, told what to call by the scenario.

    mcp_conformance_client.py XSWEEP URL      (the suite appends the URL)
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys

CALLS = {"tools_call": [("add_numbers", {"a": 5, "b": 3})], "http-invalid-tool-headers": [("valid_tool", {"region": "x"})],
         "http-standard-headers": [("test_headers", {}), ("test_tool", {})],
         "sse-retry": [("test_reconnection", {})]}


def call(xsweep, url, name, arguments):
    return subprocess.run([xsweep, "env", "call", "mcp", name, json.dumps(arguments), "--option",
                           "servers=" + json.dumps({"s": {"url": url}}), "--option", 'reset="none"'],
                          stdout=subprocess.DEVNULL).returncode


def echo_schema(xsweep, url):
    """Lists the tools through `env serve` and sends the one that has a schema of its own back, as it came through."""
    served = subprocess.Popen([xsweep, "env", "serve", "mcp", "--option", "servers=" + json.dumps({"s": {"url": url}}),
                               "--option", 'reset="none"'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(identity, method, params):
        served.stdin.write(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}) + "\n")
        served.stdin.flush()
        return json.loads(served.stdout.readline())
    ask(1, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
    tools = ask(2, "tools/list", {})["result"]["tools"]
    schema = next(tool["inputSchema"] for tool in tools if tool["name"] != "json_schema_echo")
    ask(3, "tools/call", {"name": "json_schema_echo", "arguments": {"schema": schema}})
    served.stdin.close()
    return served.wait()


def main(xsweep, url):
    scenario = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    if scenario == "json-schema-2020-12-preservation":
        return echo_schema(xsweep, url)
    calls = [(one["name"], one["arguments"]) for one in context.get("toolCalls", [])] or CALLS.get(scenario)
    for name, arguments in calls or [("no_such_tool", {})]:
        call(xsweep, url, name, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
