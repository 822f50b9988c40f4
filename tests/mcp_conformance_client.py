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
         "http-standard-headers": [("test_headers", {}), ("test_tool", {})]}


def call(xsweep, url, name, arguments):
    return subprocess.run([xsweep, "env", "call", "mcp", name, json.dumps(arguments), "--option",
                           "servers=" + json.dumps({"s": {"url": url}}), "--option", 'reset="none"'],
                          stdout=subprocess.DEVNULL).returncode


def main(xsweep, url):
    scenario = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    calls = [(one["name"], one["arguments"]) for one in context.get("toolCalls", [])] or CALLS.get(scenario)
    for name, arguments in calls or [("no_such_tool", {})]:
        call(xsweep, url, name, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
