"""What the relay costs: CPU of its process per call, how much later the first byte comes, memory of a thousand streams.

    relay_load.py upstream          a model that streams, as little as it can be; prints its port
    relay_load.py agent             started by xsweep as an agent (bench/relay.sh); prints the figures
    MODEL=http://127.0.0.1:PORT     the upstream, for the comparison without the relay
    PEER=http://127.0.0.1:PORT      another proxy before the same upstream, whose process is PEER_PID; may be empty

SPDX-License-Identifier: Apache-2.0
"""
import asyncio
import json
import os
import statistics
import sys
import time
import urllib.parse

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
EVENTS = [{**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "word "}, "finish_reason": None}]}] * 20 + [
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {**CHUNK, "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}]
LINES = [b"data: " + json.dumps(e).encode() + b"\n\n" for e in EVENTS] + [b"data: [DONE]\n\n"]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "words " * 500}],
                   "tools": [{"type": "function", "function": {"name": "get_user_details", "parameters": {"type": "object"}}}]}).encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(l.split(b":")[1]) for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")), 0)
    body = await reader.readexactly(length)
    return head, body


async def serve(reader, writer):
    try:
        while True:
            _, body = await read_request(reader)
            writer.write(HEAD)
            if b'"slow"' in body:
                writer.write(chunk(LINES[0]))
                await writer.drain()
                await asyncio.sleep(30)
            for line in LINES:
                writer.write(chunk(line))
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def upstream():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=2000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Connection:
    """One connection; ask() gives the seconds to the first byte of the body."""

    def __init__(self, base):
        url = urllib.parse.urlparse(base)
        self.host, self.port, self.path = url.hostname, url.port, url.path + "/chat/completions"

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def ask(self, body, whole=True):
        begun = time.perf_counter()
        self.writer.write(f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
                          f"Authorization: Bearer {os.environ['OPENAI_API_KEY']}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await self.reader.readuntil(b"\r\n\r\n")
        first = None
        while True:
            size = int(await self.reader.readline(), 16)
            data = await self.reader.readexactly(size + 2)
            first = first or time.perf_counter() - begun
            if size == 0 or not whole:
                return first if whole else data


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss(pid):
    return next(int(l.split()[1]) for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS"))


def tools():
    import http.client
    url = urllib.parse.urlparse(os.environ["XSWEEP_MCP_URL"])
    connection = http.client.HTTPConnection(url.hostname, url.port)
    for method in ("initialize", "tools/list"):
        connection.request("POST", url.path, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "load"}}}), {"Content-Type": "application/json"})
        connection.getresponse().read()


async def agent():
    tools()
    relay, calls, streams = os.getppid(), int(os.environ.get("CALLS", "2000")), int(os.environ.get("STREAMS", "1000"))
    through = await Connection(os.environ["OPENAI_BASE_URL"]).open()
    direct = await Connection(os.environ["MODEL"] + "/v1").open()
    peer = await Connection(os.environ["PEER"] + "/v1").open() if os.environ.get("PEER") else direct
    passes_on = int(os.environ.get("PEER_PID", os.getpid()))
    for _ in range(50):
        await through.ask(BODY), await direct.ask(BODY), await peer.ask(BODY)
    pairs, begun, peer_begun = [], cpu(relay), cpu(passes_on)
    for _ in range(calls):
        pairs.append((await through.ask(BODY), await direct.ask(BODY)))
        await peer.ask(BODY)
    used, peer_used = cpu(relay) - begun, cpu(passes_on) - peer_begun
    if peer is not direct:
        print(f"nginx_us {peer_used / calls * 1e6:.0f}")
    later = statistics.median(a - b for a, b in pairs)
    before = rss(relay)
    open_streams = await asyncio.gather(*(Connection(os.environ["OPENAI_BASE_URL"]).open() for _ in range(streams)))
    slow = BODY[:-1] + b', "slow": "slow"}'
    got = await asyncio.gather(*(c.ask(slow, whole=False) for c in open_streams))
    assert all(g.startswith(b"data: ") for g in got)
    grown = rss(relay) - before
    print(f"cpu_us {used / calls * 1e6:.0f}\nfirst_ms {later * 1000:.2f}\nstreams {len(got)}\nstream_kb {grown / max(1, streams):.0f}\n"
          f"body_bytes {len(BODY)}\nevents {len(LINES)}\ncalls {calls}")


asyncio.run({"upstream": upstream, "agent": agent}[sys.argv[1]]())
