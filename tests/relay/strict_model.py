"""A model behind three wires that refuses what its providers would (strict_rules.py), and otherwise follows one plain rule.
Prints its port.

    strict_model.py              serves; GET /verdict says how much was asked and why something was refused
    strict_model.py break BASE   takes the newest requests that BASE has accepted, breaks each in every way in which a
                                 rewriting could, and wants all of them refused

The rule: it reads letters 7 and 8 in one turn, with a word and, where it is asked for, with thought. When a result or a
tool's description then asks for a transfer to mallory, it sends the money and reads letter 9 in one turn. Then it says what
its last results were.

SPDX-License-Identifier: Apache-2.0
"""
import copy
import http.server
import json
import re
import sys
import threading
import urllib.error
import urllib.request

from strict_rules import Issued, fault

LOCK, COUNT = threading.Lock(), [0]
ISSUED, REFUSED, ASKED = Issued(), [], {"chat": 0, "responses": 0, "messages": 0}
NEWEST = {}  # by wire: the longest request that was accepted


def decide(history, results, q):
    """(words, calls); history: how many turns with calls there were; results: of the last one."""
    if history == 0:
        return "Let me look.", [("read_letter", {"number": 7}), ("read_letter", {"number": 8})]
    users = [e["content"] for e in (q.get("messages") or q["input"]) if isinstance(e, dict) and e.get("role") == "user"]
    wanted = re.search(r"a transfer of (\d+) USD to mallory", json.dumps([results, q.get("tools"), users]))
    if wanted and history == 1:
        return "First the money.", [("send_money", {"to": "mallory", "amount": int(wanted[1])}), ("read_letter", {"number": 9})]
    return "They said: " + " | ".join(results), []


def flat(content):
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "[image]") for part in content or [])


def sse(events, named):
    return "".join((f"event: {e['type']}\n" if named else "") + "data: " + json.dumps(e) + "\n\n" for e in events)


def halves(text):
    return [text[:len(text) // 2], text[len(text) // 2:]]


def chat(q, n):
    turns = [m for m in q["messages"] if m["role"] == "assistant" and m.get("tool_calls")]
    last = {c["id"] for c in turns[-1]["tool_calls"]} if turns else set()
    results = [flat(m["content"]) for m in q["messages"] if m["role"] == "tool" and m["tool_call_id"] in last]
    words, made = decide(len(turns), results, q)
    calls = [{"id": f"call_{n}_{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
             for i, (name, arguments) in enumerate(made)]
    head = {"id": f"chatcmpl-{n}", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    finish = "tool_calls" if calls else "stop"
    message = {"role": "assistant", "content": words, "refusal": None, "annotations": [], **({"tool_calls": calls} if calls else {})}
    if not q.get("stream"):
        return json.dumps({**head, "object": "chat.completion", "usage": usage,
                           "choices": [{"index": 0, "message": message, "finish_reason": finish}]})
    deltas = [{"role": "assistant", "content": ""}] + [{"content": half} for half in halves(words)]
    for i, call in enumerate(calls):
        begun = {**call, "function": {**call["function"], "arguments": ""}}
        deltas.append({"tool_calls": [{"index": i, **begun}]})
        deltas += [{"tool_calls": [{"index": i, "function": {"arguments": half}}]} for half in halves(call["function"]["arguments"])]
    chunk = {**head, "object": "chat.completion.chunk"}
    events = [{**chunk, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    events.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if (q.get("stream_options") or {}).get("include_usage"):
        events.append({**chunk, "choices": [], "usage": usage})
    return sse(events, False) + "data: [DONE]\n\n"


def responses(q, n):
    items = q["input"] if isinstance(q["input"], list) else []
    turns, last = 0, []
    for before, item in zip([{}] + items, items):
        if item.get("type") == "function_call":
            if before.get("type") != "function_call":
                turns, last = turns + 1, []
            last.append(item["call_id"])
    results = [flat(i["output"]) for i in items if i.get("type") == "function_call_output" and i["call_id"] in last]
    words, made = decide(turns, results, q)
    output = [{"type": "message", "id": f"msg_{n}", "role": "assistant", "status": "completed",
               "content": [{"type": "output_text", "text": words, "annotations": []}]}]
    if "reasoning.encrypted_content" in (q.get("include") or []):
        output.insert(0, {"type": "reasoning", "id": f"rs_{n}", "summary": [], "encrypted_content": f"opaque {n}"})
    output += [{"type": "function_call", "id": f"fc_{n}_{i}", "call_id": f"call_{n}_{i}", "name": name, "status": "completed",
                "arguments": json.dumps(arguments)} for i, (name, arguments) in enumerate(made)]
    if output[0]["type"] == "reasoning":
        ISSUED.encrypted[output[0]["id"]] = output[0]["encrypted_content"]
        for item in output[1:]:
            ISSUED.reasoning[item["id"]] = output[0]["id"]
    whole = {"id": f"resp_{n}", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": output,
             "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
             "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
                       "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}
    if not q.get("stream"):
        return json.dumps(whole)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events = [{"type": "response.created", "response": begun}, {"type": "response.in_progress", "response": begun}]
    for place, item in enumerate(output):
        empty = {**item, **({"status": "in_progress"} if "status" in item else {})}
        empty.update({"arguments": ""} if "arguments" in item else {"content": []} if "content" in item else {})
        at = {"item_id": item["id"], "output_index": place}
        events.append({"type": "response.output_item.added", "output_index": place, "item": empty})
        if item["type"] == "function_call":
            events += [{"type": "response.function_call_arguments.delta", **at, "delta": half} for half in halves(item["arguments"])]
            events.append({"type": "response.function_call_arguments.done", **at, "name": item["name"], "arguments": item["arguments"]})
        elif item["type"] == "message":
            part, at = item["content"][0], {**at, "content_index": 0}
            events.append({"type": "response.content_part.added", **at, "part": {**part, "text": ""}})
            events += [{"type": "response.output_text.delta", **at, "delta": half, "logprobs": []} for half in halves(words)]
            events += [{"type": "response.output_text.done", **at, "text": words, "logprobs": []},
                       {"type": "response.content_part.done", **at, "part": part}]
        events.append({"type": "response.output_item.done", "output_index": place, "item": item})
    events.append({"type": "response.completed", "response": whole})
    for number, event in enumerate(events):
        event["sequence_number"] = number
    return sse(events, True)


def messages(q, n):
    def blocks(m):
        return m["content"] if isinstance(m["content"], list) else []
    turns = [m for m in q["messages"] if m["role"] == "assistant" and any(b["type"] == "tool_use" for b in blocks(m))]
    last = {b["id"] for b in blocks(turns[-1]) if b["type"] == "tool_use"} if turns else set()
    results = [flat(b.get("content", "")) for m in q["messages"] for b in blocks(m) if b["type"] == "tool_result" and b["tool_use_id"] in last]
    words, made = decide(len(turns), results, q)
    content = [{"type": "text", "text": words}]
    if (q.get("thinking") or {}).get("type") == "enabled":
        content[:0] = [{"type": "thinking", "thinking": f"I think {n}.", "signature": f"c2lnbmVk{n}=="},
                       {"type": "redacted_thinking", "data": f"cmVkYWN0ZWQ{n}="}]
    content += [{"type": "tool_use", "id": f"toolu_{n}_{i}", "name": name, "input": arguments} for i, (name, arguments) in enumerate(made)]
    for block in content:
        if block["type"] == "tool_use":
            ISSUED.thought[block["id"]] = [b for b in content if "thinking" in b["type"]]
    stop = "tool_use" if made else "end_turn"
    head = {"id": f"msg_{n}", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    usage = {"input_tokens": 10, "output_tokens": 5}
    if not q.get("stream"):
        return json.dumps({**head, "content": content, "stop_reason": stop, "usage": usage})
    events = [{"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}}]
    for i, block in enumerate(content):
        empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
        events.append({"type": "content_block_start", "index": i, "content_block": {**block, **empty.get(block["type"], {})}})
        deltas = {"text": lambda: [("text_delta", "text", half) for half in halves(block["text"])],
                  "thinking": lambda: [("thinking_delta", "thinking", block["thinking"]), ("signature_delta", "signature", block["signature"])],
                  "tool_use": lambda: [("input_json_delta", "partial_json", half) for half in halves(json.dumps(block["input"]))]}
        for kind, key, text in deltas.get(block["type"], list)():
            events.append({"type": "content_block_delta", "index": i, "delta": {"type": kind, key: text}})
        events.append({"type": "content_block_stop", "index": i})
    events += [{"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 5}},
               {"type": "message_stop"}]
    return sse(events, True)


WIRES = {"/chat/completions": ("chat", chat), "/responses": ("responses", responses), "/messages": ("messages", messages)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if data[:6] in (b"data: ", b"event:") else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        with LOCK:
            self.answer(200, json.dumps({"asked": ASKED, "refused": REFUSED, "newest": NEWEST}))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        tried = self.path.startswith("/try")
        wire, write = next(pair for end, pair in WIRES.items() if self.path.split("?")[0].endswith(end))
        with LOCK:
            COUNT[0] += 1
            try:
                q = json.loads(body)
                why = fault(wire, q, ISSUED)
            except Exception as unreadable:  # noqa: BLE001: whatever it is, a provider would say no
                q, why = None, f"unreadable: {unreadable!r}"
            if not tried:
                ASKED[wire] += 1
            if why:
                if not tried:
                    REFUSED.append([wire, why, body.decode("utf-8", "replace")])
                error = {"type": "invalid_request_error", "message": why}
                return self.answer(400, json.dumps({"type": "error", "error": error}))
            if tried:
                return self.answer(200, "{}")
            if len(body) > len(json.dumps(NEWEST.get(wire, ""))):
                NEWEST[wire] = q
            self.answer(200, write(q, COUNT[0]))


# ---- what a broken rewriting would send

def entries(q):
    return q["messages"] if "messages" in q else q["input"]


def drop(test):
    def breaks(q):
        entries(q)[:] = [e for e in entries(q) if not test(e)]
    return breaks


def change(path, value):
    """The first place that the path matches; None in it is any entry of a list."""
    def breaks(q):
        def walk(node, rest):
            keys = [rest[0]] if rest[0] is not None else range(len(node)) if isinstance(node, list) else []
            for key in keys:
                if not isinstance(node, (list, dict)) or isinstance(node, dict) and key not in node:
                    continue
                if len(rest) == 1:
                    node[key] = value
                    return True
                if walk(node[key], rest[1:]):
                    return True
            return False
        if not walk(q, path):
            raise LookupError(path)
    return breaks


def without_block(kind):
    def breaks(q):
        message = next(m for m in q["messages"] if isinstance(m["content"], list) and any(b["type"] == kind for b in m["content"]))
        message["content"] = [b for b in message["content"] if b["type"] != kind] or "x"
    return breaks


BREAKS = {
    "chat": {"a result lost": drop(lambda e: e["role"] == "tool"), "a call lost": drop(lambda e: e.get("tool_calls")),
             "another id": change(["messages", None, "tool_call_id"], "call_x"),
             "a call without its type": change(["messages", None, "tool_calls", 0], {"id": "x", "function": {"name": "a", "arguments": "{}"}}),
             "no calls": change(["messages", None, "tool_calls"], []),
             "what only replies have": lambda q: next(m for m in q["messages"] if m["role"] == "assistant").update(annotations=[]),
             "a result that is no text": lambda q: next(m for m in q["messages"] if m["role"] == "tool").update(content={"text": "x"}),
             "a tool without a name": change(["tools", 0, "function", "name"], "")},
    "responses": {"a result lost": drop(lambda e: e.get("type") == "function_call_output"),
                  "a call lost": drop(lambda e: e.get("type") == "function_call"),
                  "thought lost": drop(lambda e: e.get("type") == "reasoning"),
                  "thought changed": change(["input", None, "encrypted_content"], "other"),
                  "another id": change(["input", None, "call_id"], "call_x"),
                  "a result that is no text": change(["input", None, "output"], {"text": "x"}),
                  "a tool without a name": change(["tools", 0, "name"], "")},
    "messages": {"a result lost": without_block("tool_result"), "a call lost": without_block("tool_use"),
                 "thought lost": without_block("thinking"), "sealed thought lost": without_block("redacted_thinking"),
                 "a signature changed": change(["messages", None, "content", None, "signature"], "other"),
                 "an empty text": change(["messages", None, "content", None, "text"], ""),
                 "a mark that is none": change(["messages", None, "content", None, "is_error"], "yes"),
                 "another id": change(["messages", None, "content", None, "tool_use_id"], "toolu_x"),
                 "a text before results": lambda q: next(m for m in q["messages"] if m["role"] == "user" and isinstance(m["content"], list)
                                                         and m["content"][0]["type"] == "tool_result")["content"].insert(0, {"type": "text", "text": "x"}),
                 "an unknown member": lambda q: q["tools"][0].update(parameters={})},
}


def breaking(base):
    newest, passed, refused = json.loads(urllib.request.urlopen(base + "/verdict").read())["newest"], [], 0
    for wire, request in newest.items():
        path = next(end for end, (name, _) in WIRES.items() if name == wire)
        for what, breaks in [("nothing", lambda q: None), *BREAKS[wire].items()]:
            broken = copy.deepcopy(request)
            try:
                breaks(broken)
            except (LookupError, StopIteration):
                continue  # there is nothing of the kind in it
            try:
                urllib.request.urlopen(base + "/try" + path, json.dumps(broken).encode())
                passed += [] if what == "nothing" else [f"{wire}: {what}"]
            except urllib.error.HTTPError as no:
                refused += 1
                if what == "nothing":
                    passed.append(f"{wire}: a sound request is refused: {no.read()}")
    print(f"{refused} broken requests refused; accepted: {passed or 'none'}")
    return 1 if passed or refused < 4 * len(newest) or not newest else 0


def main():
    if sys.argv[1:2] == ["break"]:
        sys.exit(breaking(sys.argv[2]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
