"""The official Python client against our server: python_client.py XSWEEP URL. Works with mcp 1 and 2.

SPDX-License-Identifier: Apache-2.0
"""
import asyncio
import importlib.metadata
import sys

XSWEEP, URL = sys.argv[1:3]
VERSION = importlib.metadata.version("mcp")


async def look(session):
    tools = (await session.list_tools()).tools
    assert len(tools) == 14, tools
    hints = {t.name: t.annotations for t in tools}
    assert all(h is not None for h in hints.values()), hints
    read = getattr(hints["get_user_details"], "readOnlyHint", None)
    read = hints["get_user_details"].read_only_hint if read is None else read
    assert read is True, hints["get_user_details"]
    result = await session.call_tool("calculate", {"expression": "6 * 7"})
    assert result.content[0].text == "42.0", result
    refused = await session.call_tool("get_user_details", {"user_id": "nobody"})
    assert getattr(refused, "isError", None) or getattr(refused, "is_error", None), refused
    results = await asyncio.gather(*[session.call_tool("calculate", {"expression": f"{n} + 1"}) for n in range(8)])
    assert [r.content[0].text for r in results] == [f"{n + 1}.0" for n in range(8)], results


async def through(name, transport):
    from mcp import ClientSession
    async with transport as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            await look(session)
    print(f"ok mcp {VERSION} {name}")


async def modern(target, name):
    from mcp.client import Client
    async with Client(target) as client:
        await look(client)
    print(f"ok mcp {VERSION} {name}, its own choice of revision")


async def main():
    from mcp.client.stdio import StdioServerParameters, stdio_client
    try:
        from mcp.client.streamable_http import streamable_http_client as over_http
    except ImportError:
        from mcp.client.streamable_http import streamablehttp_client as over_http
    await through("http", over_http(URL))
    await through("stdio", stdio_client(StdioServerParameters(command=XSWEEP, args=["env", "serve", "airline"])))
    await through("pipe", stdio_client(StdioServerParameters(command=XSWEEP, args=["mcp-pipe", URL])))
    if int(VERSION.split(".")[0]) >= 2:
        await modern(URL, "http")
        pipe = stdio_client(StdioServerParameters(command=XSWEEP, args=["mcp-pipe", URL]))
        await modern(pipe, "pipe")


asyncio.run(main())
