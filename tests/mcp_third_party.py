#!/usr/bin/env python3
"""MCP servers that nobody here wrote, behind xsweep: what a call answers is what the server says itself, byte for byte.

    mcp_third_party.py XSWEEP [--npm DIRECTORY] [--python PYTHON]

The other side is a JSON-RPC conversation of this script's own with a second copy of the same server.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

FAST = """
from fastmcp import FastMCP
server = FastMCP("fast")
@server.tool
def greet(name: str) -> dict:
    "Greets."
    return {"hello": name, "n": 1.5}
@server.tool
def plain(text: str) -> str:
    "Says it back."
    return text + " é"
server.run(show_banner=False)
"""


def direct(command, directory, calls):
    child = subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)

    def ask(identity, method, params):
        child.stdin.write(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}) + "\n")
        child.stdin.flush()
        while True:
            message = json.loads(child.stdout.readline())
            if message.get("id") == identity and "method" not in message:
                return message
    ask(1, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
    child.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    answers = [ask(place + 2, "tools/call", {"name": name, "arguments": arguments})
               for place, (name, arguments) in enumerate(calls)]
    child.stdin.close()
    child.kill()
    return [answer.get("result", {"content": [{"type": "text", "text": answer.get("error", {}).get("message")}], "isError": True})
            for answer in answers]


def at_address(command, port):
    """A server that listens at a port, once it does."""
    child = subprocess.Popen(command, env={**os.environ, "PORT": str(port)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return child
        time.sleep(0.1)
    child.kill()
    sys.exit(f"{command} does not listen")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def through(xsweep, server, files, name, arguments):
    """`server`: a command or an address."""
    address = isinstance(server, str)
    how = {"url": server} if address else {"command": server, "env": {"MEMORY_FILE_PATH": "{dir}/memory.jsonl"}}
    words = [xsweep, "env", "call", "mcp", name, json.dumps(arguments), "--json", "--option", "servers=" + json.dumps({"s": how})]
    if address:
        words += ["--option", 'reset="none"']
    elif files:
        words += ["--option", f"files={files}", "--option", 'probe={"files": true}']
    done = subprocess.run(words, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"{name}: {done.stderr}")
    return json.loads(done.stdout)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("xsweep")
    flags.add_argument("--npm")
    flags.add_argument("--python")
    given = flags.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    (work / "files").mkdir()
    (work / "files" / "notes.txt").write_text("First line\nSecond: \"quoted\" é\n")
    (work / "fast.py").write_text(FAST)
    servers = []
    if given.npm:
        modules = pathlib.Path(given.npm).resolve() / "node_modules" / "@modelcontextprotocol"
        node = shutil.which("node")
        servers.append(("filesystem", [node, str(modules / "server-filesystem/dist/index.js"), "."], work / "files", [
            ("read_text_file", {"path": "notes.txt"}), ("list_directory", {"path": "."}),
            ("write_file", {"path": "new.txt", "content": "x"}), ("read_text_file", {"path": "missing.txt"})]))
        servers.append(("memory", [node, str(modules / "server-memory/dist/index.js")], work / "files", [
            ("read_graph", {}), ("create_entities", {"entities": [{"name": "ann", "entityType": "person", "observations": ["tall"]}]})]))
        servers.append(("everything", [node, str(modules / "server-everything/dist/index.js"), "stdio"], work / "files", [
            ("echo", {"message": "hello é"}), ("get-structured-content", {"location": "New York"}), ("get-sum", {"a": 2, "b": 3})]))
    if given.python:
        servers.append(("fastmcp", [str(pathlib.Path(given.python).absolute()), str(work / "fast.py")], work / "files",
                        [("greet", {"name": "ann"}), ("plain", {"text": "x"}), ("nothing", {})]))
    wrong = 0
    # The same server over HTTP: streamable, and a stream of events as the first revision had it.
    for way, path in (("streamableHttp", "mcp"), ("sse", "sse")) if given.npm else ():
        name, (node, program, _), files, calls = servers[2]
        port = free_port()
        child = at_address([node, program, way], port)
        for (tool, arguments), theirs in zip(calls, direct([node, program, "stdio"], files, calls)):
            ours = through(given.xsweep, f"http://127.0.0.1:{port}/{path}", files, tool, arguments)
            text = "\n".join(block.get("text", "?") for block in theirs["content"])
            good = ours["content"] == text and ours.get("structured") == theirs.get("structuredContent")
            wrong += not good
            print(f"{'ok  ' if good else 'DIFF'} {name} {way} {tool}" + ("" if good else f": {ours} against {theirs}"))
        child.kill()
    for name, command, files, calls in servers:
        copy = work / ("direct-" + name)
        shutil.copytree(files, copy)
        os.environ["MEMORY_FILE_PATH"] = str(copy / "memory.jsonl")
        for (tool, arguments), theirs in zip(calls, direct(command, copy, calls)):
            ours = through(given.xsweep, command, files, tool, arguments)
            text = "\n".join(block.get("text", "?") for block in theirs["content"])
            ran = str(copy)
            same_text = ours["content"].split("/tmp/")[0] == text.split("/tmp/")[0] if "/tmp/" in text else ours["content"] == text
            good = same_text and ours["error"] == bool(theirs.get("isError")) and (
                "/tmp/" in text or ours.get("structured") == theirs.get("structuredContent"))
            wrong += not good
            print(f"{'ok  ' if good else 'DIFF'} {name} {tool}" + ("" if good else f": {ours} against {theirs}"))
            if tool == "write_file":
                changed = [one["pointer"] for one in ours["changes"]]
                wrong += changed != ["/new.txt"]
                print(f"     the probe saw {changed}")
    shutil.rmtree(work)
    sys.exit(1 if wrong or not servers else 0)


if __name__ == "__main__":
    main()
