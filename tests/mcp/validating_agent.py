"""An agent that is only the official client: it calls a tool that promises a form for its results, as a client that
checks the promise. Prints what it saw; a result that breaks the promise is an exception.

    validating_agent.py URL      works with mcp 1 and 2

SPDX-License-Identifier: Apache-2.0
"""
import asyncio
import sys

from mcp import ClientSession

try:
    from mcp.client.streamable_http import streamable_http_client as over_http
except ImportError:
    from mcp.client.streamable_http import streamablehttp_client as over_http


async def main(url):
    async with over_http(url) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            tool = tools["read_notes"]
            promised = getattr(tool, "outputSchema", None) or getattr(tool, "output_schema", None)
            result = await session.call_tool("read_notes", {})
            data = getattr(result, "structuredContent", None) or getattr(result, "structured_content", None)
            print("promised" if promised else "not promised", "data" if data else "no data", result.content[0].text)


asyncio.run(main(sys.argv[1]))
