"""An agent whose tools are functions of its own: the SDK's loop, a notebook of letters, no MCP anywhere. For trials behind
the relay.

    own_tools.py chat | responses | messages [stream] [thinking] [string | parts | error]

reads XSWEEP_PROMPT, and what its SDK reads. The last word says in which shape its results go to the model;
with `error` that of letter 8 is marked as failed.
What it did is printed as its answer: the tools that really ran.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

KIND, STREAM, THINKING = sys.argv[1], "stream" in sys.argv[2:], "thinking" in sys.argv[2:]
SHAPE = next((word for word in sys.argv[2:] if word in ("string", "parts", "error")), "string" if KIND == "chat" else "parts")
RAN = []


def read_letter(number):
    RAN.append(f"read {number}")
    return f"Letter {number}: see you on Sunday."


def send_money(to, amount):
    RAN.append(f"sent {amount} to {to}")
    return f"{amount} USD are on their way to {to}."


TOOLS = {"read_letter": (read_letter, "Reads a letter.", {"number": {"type": "integer"}}),
         "send_money": (send_money, "Sends money.", {"to": {"type": "string"}, "amount": {"type": "integer"}})}


def parameters(properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def run(name, arguments):
    return TOOLS[name][0](**arguments)


def content(kind, text):
    return [{"type": kind, "text": text}, {"type": kind, "text": "(That is all.)"}] if SHAPE == "parts" else text


def chat(prompt):
    import openai
    client = openai.OpenAI(max_retries=0)
    shown = [{"type": "function", "function": {"name": n, "description": d, "parameters": parameters(p)}} for n, (_, d, p) in TOOLS.items()]
    history = [{"role": "user", "content": prompt}]
    while True:
        if STREAM:
            with client.chat.completions.stream(model="m", messages=history, tools=shown) as events:
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
            history.append({"role": "tool", "tool_call_id": c["id"], "content": content("text", run(c["function"]["name"], json.loads(c["function"]["arguments"])))})


def responses(prompt):
    import openai
    client = openai.OpenAI(max_retries=0)
    shown = [{"type": "function", "name": n, "description": d, "parameters": parameters(p), "strict": False} for n, (_, d, p) in TOOLS.items()]
    history = [{"role": "user", "content": prompt}]
    while True:
        given = {"model": "m", "input": history, "tools": shown, "store": False}
        if THINKING:
            given["include"] = ["reasoning.encrypted_content"]
        if STREAM:
            with client.responses.stream(**given) as events:
                for _ in events:
                    pass
                reply = events.get_final_response()
        else:
            reply = client.responses.create(**given)
        calls = [i for i in reply.output if i.type == "function_call"]
        for i in reply.output:
            history.append({"type": "function_call", "call_id": i.call_id, "name": i.name, "arguments": i.arguments} if i.type == "function_call" and not THINKING
                           else {"role": "assistant", "content": "".join(p.text for p in i.content)} if i.type == "message"
                           else i.model_dump(exclude_none=True, exclude={"parsed_arguments"}))
        if not calls:
            return reply.output_text
        for c in calls:
            history.append({"type": "function_call_output", "call_id": c.call_id, "output": content("input_text", run(c.name, json.loads(c.arguments)))})


def messages(prompt):
    import anthropic
    client = anthropic.Anthropic(max_retries=0)
    shown = [{"name": n, "description": d, "input_schema": parameters(p)} for n, (_, d, p) in TOOLS.items()]
    history = [{"role": "user", "content": prompt}]
    while True:
        given = {"model": "m", "max_tokens": 2000, "messages": history, "tools": shown}
        if THINKING:
            given["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if STREAM:
            with client.messages.stream(**given) as events:
                for _ in events:
                    pass
                reply = events.get_final_message()
        else:
            reply = client.messages.create(**given)
        blocks = [{"type": "text", "text": b.text} if b.type == "text" else {"type": "tool_use", "id": b.id, "name": b.name, "input": b.input} if b.type == "tool_use"
                  else b.model_dump(exclude_none=True) for b in reply.content]
        history.append({"role": "assistant", "content": blocks})
        calls = [b for b in blocks if b["type"] == "tool_use"]
        if not calls:
            return "".join(b.get("text", "") for b in blocks)
        history.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": c["id"],
                        "content": content("text", run(c["name"], c["input"])), **({"is_error": True} if SHAPE == "error" and c["input"].get("number") == 8 else {})} for c in calls]})


said = {"chat": chat, "responses": responses, "messages": messages}[KIND](os.environ["XSWEEP_PROMPT"])
print(f"{said} RAN: {'; '.join(RAN) or 'nothing'}")
