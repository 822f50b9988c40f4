"""Small agents as people write them: an SDK's client, a loop, tools over MCP. For trials behind the relay.

    harness.py chat | responses | messages [stream]      reads XSWEEP_MCP_URL and XSWEEP_PROMPT, and what its SDK reads

Nothing of the model's address or key is given to the SDKs here: they find OPENAI_BASE_URL, ANTHROPIC_BASE_URL and the
keys in the environment, as in anybody's program.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import os
import sys
import urllib.parse

KIND, STREAM = sys.argv[1], "stream" in sys.argv[2:]
URL = urllib.parse.urlparse(os.environ["XSWEEP_MCP_URL"])
CONNECTION = http.client.HTTPConnection(URL.hostname, URL.port, timeout=600)
COUNT = [0]


def mcp(method, params):
    COUNT[0] += 1
    body = json.dumps({"jsonrpc": "2.0", "id": COUNT[0], "method": method, "params": params})
    CONNECTION.request("POST", URL.path, body, {"Content-Type": "application/json"})
    return json.loads(CONNECTION.getresponse().read())["result"]


def call(name, arguments):
    result = mcp("tools/call", {"name": name, "arguments": arguments})
    return result["content"][0]["text"], bool(result.get("isError"))


def chat(tools, prompt):
    import openai
    client = openai.OpenAI(max_retries=0)
    shown = [{"type": "function", "function": {"name": t["name"], "description": t["description"], "parameters": t["inputSchema"]}} for t in tools]
    history = [{"role": "system", "content": "Help the user with the tools you have."}, {"role": "user", "content": prompt}]
    while True:
        if STREAM:
            with client.chat.completions.stream(model="m", messages=history, tools=shown, stream_options={"include_usage": True}) as events:
                for _ in events:
                    pass
                message = events.get_final_completion().choices[0].message
        else:
            message = client.chat.completions.create(model="m", messages=history, tools=shown).choices[0].message
        calls = [{"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}} for c in message.tool_calls or []]
        history.append({"role": "assistant", "content": message.content, **({"tool_calls": calls} if calls else {})})
        if not calls:
            return message.content
        for c in calls:
            text, _ = call(c["function"]["name"], json.loads(c["function"]["arguments"]))
            history.append({"role": "tool", "tool_call_id": c["id"], "content": text})


def responses(tools, prompt):
    import openai
    client = openai.OpenAI(max_retries=0)
    shown = [{"type": "function", "name": t["name"], "description": t["description"], "parameters": t["inputSchema"], "strict": False} for t in tools]
    history = [{"role": "user", "content": prompt}]
    while True:
        given = {"model": "m", "instructions": "Help the user.", "input": history, "tools": shown, "store": False}
        if STREAM:
            with client.responses.stream(**given) as events:
                for _ in events:
                    pass
                reply = events.get_final_response()
        else:
            reply = client.responses.create(**given)
        calls = [i for i in reply.output if i.type == "function_call"]
        for i in reply.output:
            history.append({"type": "function_call", "call_id": i.call_id, "name": i.name, "arguments": i.arguments} if i.type == "function_call"
                           else {"role": "assistant", "content": "".join(p.text for p in i.content)})
        if not calls:
            return reply.output_text
        for c in calls:
            text, _ = call(c.name, json.loads(c.arguments))
            history.append({"type": "function_call_output", "call_id": c.call_id, "output": [{"type": "input_text", "text": text}]})


def messages(tools, prompt):
    import anthropic
    client = anthropic.Anthropic(max_retries=0)
    shown = [{"name": t["name"], "description": t["description"], "input_schema": t["inputSchema"]} for t in tools]
    history = [{"role": "user", "content": prompt}]
    while True:
        given = {"model": "m", "max_tokens": 2000, "system": "Help the user.", "messages": history, "tools": shown}
        if STREAM:
            with client.messages.stream(**given) as events:
                for _ in events:
                    pass
                reply = events.get_final_message()
        else:
            reply = client.messages.create(**given)
        blocks = [{"type": "text", "text": b.text} if b.type == "text" else {"type": "tool_use", "id": b.id, "name": b.name, "input": b.input} for b in reply.content]
        history.append({"role": "assistant", "content": blocks})
        calls = [b for b in blocks if b["type"] == "tool_use"]
        if not calls:
            return "".join(b["text"] for b in blocks)
        results = []
        for c in calls:
            text, error = call(c["name"], c["input"])
            results.append({"type": "tool_result", "tool_use_id": c["id"], "content": text, "is_error": error})
        history.append({"role": "user", "content": results})


def main():
    assert not os.environ.get("XSWEEP_CANARY"), "a variable of ours has reached the agent"
    mcp("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "harness"}})
    tools = mcp("tools/list", {})["tools"]
    if KIND == "no_tools":
        import openai
        print(openai.OpenAI(max_retries=0).chat.completions.create(model="m", messages=[{"role": "user", "content": os.environ["XSWEEP_PROMPT"]}]).choices[0].message.content)
        return
    print({"chat": chat, "responses": responses, "messages": messages}[KIND](tools, os.environ["XSWEEP_PROMPT"]))


if __name__ == "__main__":
    main()
