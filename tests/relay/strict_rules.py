"""What the providers ask of a request, on the three wires. Two halves: its shape, held against the types that they publish
with their Python SDKs (made from their descriptions of the API), unknown members refused; and what their documentation and
error messages say of the order of things, written here.

    fault(wire, request, issued)    why it would be refused, or ""; wire: chat, responses, messages

`issued` holds what the server itself has sent, because providers check some of it when it comes back. Needs openai and
anthropic.

SPDX-License-Identifier: Apache-2.0
"""
import collections.abc
import json
import re
import types
import typing

import typing_extensions as te

NAME, ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z"), re.compile(r"[a-zA-Z0-9_-]+\Z")


class Issued:
    """What a server has sent: thought by the call behind it, items by id."""

    def __init__(self):
        self.thought = {}    # Messages: id of a call -> the thinking blocks of its turn
        self.reasoning = {}  # Responses: id of an item -> the reasoning item of its turn
        self.encrypted = {}  # Responses: id of a reasoning item -> its content


def wire_types():
    from anthropic.types import message_create_params as messages
    from openai.types.chat import completion_create_params as chat
    from openai.types.responses import response_create_params as responses
    return {"chat": (chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming),
            "responses": (responses.ResponseCreateParamsNonStreaming, responses.ResponseCreateParamsStreaming),
            "messages": (messages.MessageCreateParamsNonStreaming, messages.MessageCreateParamsStreaming)}


HINTS = {}


def hints(cls):
    if cls not in HINTS:
        HINTS[cls] = te.get_type_hints(cls, include_extras=True)
    return HINTS[cls]


def bare(kind):
    """The type without Required, NotRequired, Annotated, and names for types."""
    while True:
        origin = te.get_origin(kind)
        if origin in (te.Required, te.NotRequired, typing.Annotated, te.ReadOnly):
            kind = te.get_args(kind)[0]
        elif isinstance(kind, te.TypeAliasType):
            kind = kind.__value__
        elif isinstance(kind, typing.ForwardRef):
            return typing.Any
        else:
            return kind


def shape(value, kind, at):
    """"" when the value has that type."""
    kind = bare(kind)
    origin, args = te.get_origin(kind), te.get_args(kind)
    if kind in (typing.Any, object):
        return ""
    if origin in (typing.Union, types.UnionType):
        faults = [shape(value, one, at) for one in args]
        # Of many refusals the one that came furthest says most.
        return "" if "" in faults else max(faults, key=lambda fault: fault.split(":")[0].count("."))
    if origin is te.Literal:
        return "" if value in args and type(value) is not float else f"{at}: {value!r} is none of {args}"
    if kind is None or kind is type(None):
        return "" if value is None else f"{at}: not null"
    if te.is_typeddict(kind):
        return members(value, kind, at)
    if origin in (list, collections.abc.Iterable, collections.abc.Sequence):
        if not isinstance(value, list):
            return f"{at}: no list"
        return next((fault for i, one in enumerate(value) if (fault := shape(one, args[0], f"{at}.{i}"))), "")
    if origin in (dict, collections.abc.Mapping) or kind is dict:
        if not isinstance(value, dict):
            return f"{at}: no object"
        return next((fault for key, one in value.items() if args and (fault := shape(one, args[1], f"{at}.{key}"))), "")
    if kind is float:
        return "" if type(value) in (int, float) else f"{at}: no number"
    if isinstance(kind, type):
        return "" if type(value) is kind else f"{at}: {type(value).__name__} in place of {kind.__name__}"
    return f"{at}: cannot check {kind}"


def members(value, kind, at):
    if not isinstance(value, dict):
        return f"{at}: no object"
    known = hints(kind)
    missing = [name for name in kind.__required_keys__ if name not in value]
    if missing:
        return f"{at}: {missing[0]} is missing"
    unknown = [name for name in value if name not in known]
    if unknown:
        return f"{at}: unknown member {unknown[0]}"
    return next((fault for name, one in value.items() if (fault := shape(one, known[name], f"{at}.{name}"))), "")


def tools_fault(names):
    for name in names:
        if not NAME.match(name or ""):
            return f"tools: the name {name!r}"
    return "tools: two of one name" if len(set(names)) < len(names) else ""


# ---- Chat: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'";
# "messages with role 'tool' must be a response to a preceding message with 'tool_calls'".

def chat(q, _):
    if q.get("stream_options") and not q.get("stream"):
        return "stream_options without stream"
    if fault := tools_fault([t["function"]["name"] for t in q.get("tools", []) if t["type"] == "function"]):
        return fault
    waiting, seen = set(), set()
    for i, message in enumerate(q["messages"]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return f"messages.{i}: a result without a call before it"
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            return f"messages.{i}: calls without results: {sorted(waiting)}"
        if message["role"] != "assistant":
            continue
        calls = message.get("tool_calls")
        if calls is not None and not calls:
            return f"messages.{i}: an empty list of calls"
        if not calls and not message.get("content") and not message.get("refusal"):
            return f"messages.{i}: nothing said and nothing called"
        for call in calls or []:
            if call["id"] in seen:
                return f"messages.{i}: a second call {call['id']}"
            if not isinstance(json.loads(call["function"]["arguments"]), dict) or not NAME.match(call["function"]["name"]):
                return f"messages.{i}: a call that is none"
            seen.add(call["id"])
            waiting.add(call["id"])
    return f"calls without results: {sorted(waiting)}" if waiting else ""


# ---- Responses: "No tool output found for function call", "No tool call found for function call output"; "Item 'fc_'
# of type 'function_call' was provided without its required 'reasoning' item"; "Item 'rs_' of type 'reasoning' was provided
# without its required following item"; ids begin as their kind does; without `store` thought comes back encrypted.

PREFIX = {"function_call": "fc", "reasoning": "rs", "message": "msg"}


def responses(q, issued):
    names = []
    for tool in q.get("tools", []):
        names += [t["name"] for t in (tool["tools"] if tool["type"] == "namespace" else [tool]) if "name" in t]
    if fault := tools_fault(names):
        return fault
    items = q["input"] if isinstance(q["input"], list) else []
    made, answered, there = set(), set(), {i.get("id") for i in items}
    for i, item in enumerate(items):
        kind, name = item.get("type", "message"), item.get("id")
        if name is not None and kind in PREFIX and not name.startswith(PREFIX[kind]):
            return f"input.{i}: expected an ID that begins with {PREFIX[kind]!r}"
        if name in issued.reasoning and issued.reasoning[name] not in there:
            return f"input.{i}: {name} was provided without its required reasoning item"
        if kind == "reasoning":
            if i + 1 == len(items) or items[i + 1].get("type", "message") not in ("function_call", "message", "custom_tool_call"):
                return f"input.{i}: reasoning without its required following item"
            if q.get("store") is False and not item.get("encrypted_content"):
                return f"input.{i}: items are not kept when `store` is false, and this one has no content"
            if item.get("encrypted_content") and issued.encrypted.get(name, item["encrypted_content"]) != item["encrypted_content"]:
                return f"input.{i}: the encrypted content could not be verified"
        if kind in ("function_call", "custom_tool_call"):
            if item["call_id"] in made:
                return f"input.{i}: a second call {item['call_id']}"
            if not isinstance(json.loads(item.get("arguments", "{}")), dict):
                return f"input.{i}: arguments that are none"
            made.add(item["call_id"])
        if kind in ("function_call_output", "custom_tool_call_output"):
            if item["call_id"] not in made:
                return f"input.{i}: no tool call found for function call output"
            answered.add(item["call_id"])
    return f"no tool output found for function call: {sorted(made - answered)}" if made - answered else ""


# ---- Messages: results stand first in the very next user turn; no blank text; thought stays as it was in a turn that
# uses tools, and such a turn begins with it ("Expected `thinking` or `redacted_thinking`, but found `tool_use`").

def blocks_of(message):
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def messages(q, issued):
    thinks = (q.get("thinking") or {}).get("type") == "enabled"
    if thinks and q["max_tokens"] <= q["thinking"]["budget_tokens"]:
        return "max_tokens must be greater than the budget"
    if fault := tools_fault([t["name"] for t in q.get("tools", []) if "input_schema" in t]):
        return fault
    if q["messages"][0]["role"] != "user" or q["messages"][-1]["role"] != "user":
        return "messages: they begin and end with the user"
    waiting, seen = [], set()
    for i, message in enumerate(q["messages"]):
        blocks = blocks_of(message)
        if not blocks:
            return f"messages.{i}: no content"
        fault = blank(blocks) or (results(blocks, waiting) if message["role"] == "user" else "")
        waiting = []
        if not fault and message["role"] == "assistant":
            waiting = [b["id"] for b in blocks if b["type"] == "tool_use"]
            fault = calls(blocks, waiting, seen, thinks, issued)
        if fault:
            return f"messages.{i}: {fault}"
    marks = json.dumps(q).count('"cache_control": {')
    return "more than four cache marks" if marks > 4 else ""


def blank(blocks):
    for block in blocks:
        if block["type"] == "text" and not block["text"].strip():
            return "text content blocks must contain non-whitespace text"
        if isinstance(block.get("content"), list) and (fault := blank([b for b in block["content"] if "type" in b])):
            return fault
    return ""


def results(blocks, waiting):
    given = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
    if missing := [one for one in waiting if one not in given]:
        return f"tool_use ids without tool_result blocks immediately after: {missing}"
    if extra := [one for one in given if one not in waiting or given.count(one) > 1]:
        return f"unexpected tool_use_id in tool_result blocks: {extra}"
    if any(b["type"] != "tool_result" for b in blocks[:len(given)]):
        return "tool results must come first"
    return ""


def calls(blocks, ids, seen, thinks, issued):
    thought = [b for b in blocks if b["type"] in ("thinking", "redacted_thinking")]
    if thinks and ids and blocks[0] not in thought:
        return "expected thinking or redacted_thinking, but found " + blocks[0]["type"]
    for one in ids:
        if one in seen or not ID.match(one):
            return f"the id {one!r}"
        seen.add(one)
        if thinks and issued.thought.get(one, thought) != thought:
            return "thinking or redacted_thinking blocks in the latest assistant message cannot be modified"
    if any(b in thought and not b.get("signature", b.get("data")) for b in blocks):
        return "thinking without its signature"
    return ""


TYPES, RULES = None, {"chat": chat, "responses": responses, "messages": messages}


def fault(wire, q, issued):
    global TYPES
    TYPES = TYPES or wire_types()
    streamed = dict(q)
    streams = streamed.pop("stream", False)
    plain, stream = TYPES[wire]
    said = shape({**streamed, "stream": True}, stream, wire) if streams else shape(streamed, plain, wire)
    return said or RULES[wire](q, issued)
