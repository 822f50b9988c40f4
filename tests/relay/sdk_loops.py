"""The official Python clients of OpenAI and Anthropic against a served model, on three wires, plain and streamed.

    sdk_loops.py BASE TRANSCRIPTS       BASE: the address of `xsweep serve-model`; TRANSCRIPTS: of a run of that config

Each kept dialogue is led again by a small agent loop: it says what the user said, answers calls with the results that
are kept, and everything that the model does must be what the simulated agent did in the run. Prints a line for each
client and exits with 1 for a difference.

SPDX-License-Identifier: Apache-2.0
"""
import json
import sys
import urllib.request

import anthropic
import openai

BASE, FILE = sys.argv[1], sys.argv[2]
FIRST = json.loads(urllib.request.urlopen(BASE + "/trial/0").read())
TOOLS = FIRST["tools"]


def failed(text):
    return text.startswith("Error")


class Chat:
    def __init__(self, base, system, stream):
        self.stream, self.history = stream, [{"role": "developer" if stream else "system", "content": system}]
        self.client = openai.OpenAI(base_url=base + "/v1", api_key="any", max_retries=0)
        self.tools = [{"type": "function", "function": {"name": "mcp__desk__" + t["name"] if stream else t["name"],
                       "description": t["description"], "parameters": t["parameters"]}} for t in TOOLS]

    def say(self, text):
        self.history.append({"role": "user", "content": [{"type": "text", "text": text}] if self.stream else text})

    def answer(self, call, text):
        content = [{"type": "text", "text": text}] if self.stream else text
        self.history.append({"role": "tool", "tool_call_id": call, "content": content})

    def ask(self):
        given = {"model": "m", "messages": self.history, "tools": self.tools}
        if self.stream:
            with self.client.chat.completions.stream(**given, stream_options={"include_usage": True}) as events:
                for _ in events:
                    pass
                reply = events.get_final_completion()
        else:
            reply = self.client.chat.completions.create(**given)
        assert reply.usage.total_tokens > 0 and reply.id.startswith("chatcmpl-")
        message = reply.choices[0].message
        calls = message.tool_calls or []
        assert reply.choices[0].finish_reason == ("tool_calls" if calls else "stop")
        entry = {"role": "assistant", "content": message.content}
        if calls:
            entry["tool_calls"] = [{"id": c.id, "type": "function",
                                    "function": {"name": c.function.name, "arguments": c.function.arguments}} for c in calls]
        self.history.append(entry)
        return message.content or "", [(c.id, c.function.name.removeprefix("mcp__desk__"), json.loads(c.function.arguments)) for c in calls]


class Responses:
    def __init__(self, base, system, stream):
        self.stream, self.system, self.history = stream, system, []
        self.client = openai.OpenAI(base_url=base + "/v1", api_key="any", max_retries=0)
        self.tools = [{"type": "function", "name": t["name"], "description": t["description"], "parameters": t["parameters"],
                       "strict": False} for t in TOOLS]

    def say(self, text):
        self.history.append({"role": "user", "content": text})

    def answer(self, call, text):
        output = [{"type": "input_text", "text": text}] if self.stream else text
        self.history.append({"type": "function_call_output", "call_id": call, "output": output})

    def ask(self):
        given = {"model": "m", "instructions": self.system, "input": self.history, "tools": self.tools, "store": False}
        if self.stream:
            with self.client.responses.stream(**given) as events:
                for _ in events:
                    pass
                reply = events.get_final_response()
        else:
            reply = self.client.responses.create(**given)
        assert reply.status == "completed" and reply.usage.total_tokens > 0
        self.history += [item.model_dump(exclude_none=True, exclude={"parsed_arguments", "status"}) for item in reply.output]
        calls = [(i.call_id, i.name, json.loads(i.arguments)) for i in reply.output if i.type == "function_call"]
        for item in self.history:
            for part in item.get("content") or [] if isinstance(item.get("content"), list) else []:
                part.pop("parsed", None)
        return reply.output_text, calls


class Messages:
    def __init__(self, base, system, stream):
        self.stream, self.history = stream, []
        self.system = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}] if stream else system
        self.client = anthropic.Anthropic(base_url=base, api_key="any", max_retries=0)
        self.tools = [{"name": t["name"], "description": t["description"], "input_schema": t["parameters"]} for t in TOOLS]

    def say(self, text):
        self.history.append({"role": "user", "content": [{"type": "text", "text": text}] if self.stream else text})

    def answer(self, call, text):
        block = {"type": "tool_result", "tool_use_id": call, "content": [{"type": "text", "text": text}] if self.stream else text,
                 "is_error": failed(text)}
        if self.history[-1]["role"] == "user":
            self.history[-1]["content"].append(block)
        else:
            self.history.append({"role": "user", "content": [block]})

    def ask(self):
        given = {"model": "m", "max_tokens": 1000, "system": self.system, "messages": self.history, "tools": self.tools}
        if self.stream:
            with self.client.messages.stream(**given) as events:
                for _ in events:
                    pass
                reply = events.get_final_message()
        else:
            reply = self.client.messages.create(**given)
        calls = [(b.id, b.name, b.input) for b in reply.content if b.type == "tool_use"]
        assert reply.stop_reason == ("tool_use" if calls else "end_turn") and reply.usage.output_tokens > 0
        assert all(c[0].startswith("toolu_") for c in calls)
        self.history.append({"role": "assistant", "content": [b.model_dump(exclude_none=True, exclude={"parsed_output", "caller"}) for b in reply.content]})
        return "".join(b.text for b in reply.content if b.type == "text"), calls


def lead(make, stream, index, transcript):
    """The first difference, or None; and how often the model was asked."""
    agent = make(f"{BASE}/trial/{index}", transcript["system"], stream)
    open_calls, asked = [], 0
    for step in transcript["steps"]:
        if step["kind"] == "user":
            agent.say(step["shown"])
        elif step["kind"] == "tool":
            agent.answer(open_calls.pop(0), step["shown"])
        elif step["kind"] == "agent":
            text, calls = agent.ask()
            asked += 1
            open_calls = [c[0] for c in calls]
            wanted = [(c["name"], c["arguments"]) for c in step.get("calls", [])]
            if text != step["shown"] or [c[1:] for c in calls] != wanted:
                return f"trial {index}: {text!r} {calls} in place of {step['shown']!r} {wanted}", asked
    return None, asked


def main():
    dialogues = [json.loads(line) for line in open(FILE)]
    differences = 0
    for make in (Chat, Responses, Messages):
        for stream in (False, True):
            asked = 0
            for record in dialogues:
                difference, times = lead(make, stream, record["index"], record["transcript"])
                asked += times
                if difference:
                    differences += 1
                    print(difference)
            print(f"{make.__name__.lower()}{' streamed' if stream else ''}: {len(dialogues)} dialogues, {asked} replies")
    counted = anthropic.Anthropic(base_url=BASE, api_key="any").messages.count_tokens(
        model="m", messages=[{"role": "user", "content": "how long is this?"}])
    assert counted.input_tokens > 0
    assert [m.id for m in openai.OpenAI(base_url=BASE + "/v1", api_key="any").models.list()] == ["shim"]
    assert [m.id for m in anthropic.Anthropic(base_url=BASE, api_key="any").models.list()] == ["shim"]
    for broken in ({"messages": []}, {"messages": 7}):
        try:
            openai.OpenAI(base_url=BASE + "/v1", api_key="any", max_retries=0).chat.completions.create(model="m", **broken)
            assert False, "a broken request was answered"
        except openai.BadRequestError as refused:
            assert "messages" in str(refused)
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
