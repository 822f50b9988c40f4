"""A model that follows one plain rule, on the three wires that agents speak: OpenAI Chat, OpenAI Responses, Anthropic
Messages; plain and streamed. Prints its port. Standard library only.

The rule: the newest demand for a travel certificate is met by a call of the tool whose name ends in send_certificate
when its amount is even, and refused in words otherwise; after any tool result it says "That is settled."

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import re
import sys
import threading

LOCK, COUNT = threading.Lock(), [0]


def decide(text, offered, answered):
    """(words, (tool, arguments) or None)."""
    demands = re.findall(r"travel certificate of (\d+) USD for user (\w+?)\.", text)
    if answered:
        return "That is settled.", None
    if not demands or int(demands[-1][0]) % 2:
        return "I can not do that.", None
    tool = next((name for name in offered if name.endswith("send_certificate")), None)
    if tool is None:
        return "TOOL NOT OFFERED", None
    return "", (tool, {"user_id": demands[-1][1], "amount": int(demands[-1][0])})


def sse(events, named):
    return "".join((f"event: {e['type']}\n" if named else "") + "data: " + json.dumps(e) + "\n\n" for e in events)


def chat(q, n):
    tools = [t["function"]["name"] for t in q.get("tools") or []]
    text = json.dumps([m for m in q["messages"] if m["role"] in ("user", "system", "developer")])
    words, call = decide(text, tools, any(m["role"] == "tool" for m in q["messages"]))
    calls = [{"index": 0, "id": f"call_{n}", "type": "function",
              "function": {"name": call[0], "arguments": json.dumps(call[1])}}] if call else None
    message = {"role": "assistant", "content": words or None, **({"tool_calls": calls} if calls else {})}
    head = {"id": f"c{n}", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    finish = "tool_calls" if call else "stop"
    if not q.get("stream"):
        return json.dumps({**head, "object": "chat.completion", "usage": usage,
                           "choices": [{"index": 0, "message": message, "finish_reason": finish}]}), False
    chunk = {**head, "object": "chat.completion.chunk"}
    events = [{**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
              {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
              {**chunk, "choices": [], "usage": usage}]
    return sse(events, False) + "data: [DONE]\n\n", True


def responses(q, n):
    tools, spaces = [], {}
    for t in q.get("tools") or []:
        for u in t.get("tools") or [] if t.get("type") == "namespace" else [t]:
            if u.get("name"):
                tools.append(u["name"])
                spaces[u["name"]] = t.get("name") if t.get("type") == "namespace" else None
    items = q["input"] if isinstance(q["input"], list) else [{"role": "user", "content": q["input"]}]
    text = json.dumps([i for i in items if i.get("role") == "user"])
    words, call = decide(text, tools, any(i.get("type") == "function_call_output" for i in items))
    if call:
        item = {"type": "function_call", "id": f"fc_{n}", "call_id": f"call_{n}", "name": call[0],
                "arguments": json.dumps(call[1]), "status": "completed"}
        if spaces.get(call[0]):
            item["namespace"] = spaces[call[0]]
    else:
        item = {"type": "message", "id": f"msg_{n}", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": words, "annotations": []}]}
    whole = {"id": f"resp_{n}", "object": "response", "created_at": 1, "model": "m", "status": "completed",
             "output": [item], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
             "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
                       "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}
    if not q.get("stream"):
        return json.dumps(whole), False
    begun = {**whole, "status": "in_progress", "output": []}
    empty = {**item, "status": "in_progress", **({"arguments": ""} if call else {"content": []})}
    at = {"item_id": item["id"], "output_index": 0}
    events = [{"type": "response.created", "response": begun}, {"type": "response.in_progress", "response": begun},
              {"type": "response.output_item.added", "output_index": 0, "item": empty}]
    if call:
        events += [{"type": "response.function_call_arguments.delta", **at, "delta": item["arguments"]},
                   {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]}]
    else:
        part = {"type": "output_text", "text": words, "annotations": []}
        at = {**at, "content_index": 0}
        events += [{"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
                   {"type": "response.output_text.delta", **at, "delta": words},
                   {"type": "response.output_text.done", **at, "text": words},
                   {"type": "response.content_part.done", **at, "part": part}]
    events += [{"type": "response.output_item.done", "output_index": 0, "item": item},
               {"type": "response.completed", "response": whole}]
    for number, event in enumerate(events):
        event["sequence_number"] = number
    return sse(events, True), True


def messages(q, n):
    tools = [t["name"] for t in q.get("tools") or []]
    blocks = [b for m in q["messages"] if m["role"] == "user"
              for b in (m["content"] if isinstance(m["content"], list) else [{"type": "text", "text": m["content"]}])]
    text = json.dumps([b for b in blocks if b["type"] == "text"])
    words, call = decide(text, tools, any(b["type"] == "tool_result" for b in blocks))
    block = ({"type": "tool_use", "id": f"toolu_{n}", "name": call[0], "input": call[1]} if call
             else {"type": "text", "text": words})
    stop = "tool_use" if call else "end_turn"
    head = {"id": f"msg_{n}", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    usage = {"input_tokens": 10, "output_tokens": 5}
    if not q.get("stream"):
        return json.dumps({**head, "content": [block], "stop_reason": stop, "usage": usage}), False
    start = {**block, "input": {}} if call else {**block, "text": ""}
    delta = ({"type": "input_json_delta", "partial_json": json.dumps(call[1])} if call
             else {"type": "text_delta", "text": words})
    return sse([{"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}},
                {"type": "content_block_start", "index": 0, "content_block": start},
                {"type": "content_block_delta", "index": 0, "delta": delta},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
                 "usage": {"output_tokens": 5}},
                {"type": "message_stop"}], True), True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, stream=False):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(404, "{}")

    do_HEAD = do_GET

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with LOCK:
            COUNT[0] += 1
            n = COUNT[0]
        path = self.path.split("?")[0]
        q = json.loads(body)
        if path.endswith("/count_tokens"):
            return self.answer(200, '{"input_tokens": 10}')
        wires = {"/chat/completions": chat, "/responses": responses, "/messages": messages}
        wire = next((w for end, w in wires.items() if path.endswith(end)), None)
        if wire is None:
            return self.answer(404, "{}")
        self.answer(200, *wire(q, n))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
