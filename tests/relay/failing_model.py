"""A model that streams on Chat's wire and fails as the user's words say: "... fail by WAY." It reads letter 1 first and fails
afterwards, whenever it is asked; by `once` it breaks off once and then answers. Prints its port. Standard library only.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import re

ASKED = {}


def chunk(delta, finish=None):
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                       "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


WORDS = chunk({"content": "I have read it."})
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "read_letter", "arguments": '{"number": 1}'}}
ENDS = {
    "nothing": [WORDS, chunk({}, "stop"), "[DONE]"],  # it does not fail
    "length": [WORDS, chunk({}, "length"), "[DONE]"],
    "filter": [WORDS, chunk({}, "content_filter"), "[DONE]"],
    "silence": [chunk({}, "stop"), "[DONE]"],
    "text": [chunk({"content": '{"name": "read_letter", "arguments": {"number": 2}}'}), chunk({}, "stop"), "[DONE]"],
    "cut": [WORDS],
    "event": [WORDS, '{"error": {"message": "overloaded", "type": "server_error", "code": 500}}', "[DONE]"],
    "garbage": ['{"choi', "[DONE]"],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, data, missing=0):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) + missing))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = missing > 0

    def stream(self, events, missing=0):
        self.answer(200, "text/event-stream", "".join(f"data: {event}\n\n" for event in events).encode(), missing)

    def do_POST(self):
        q = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        way = re.search(r"fail by (\w+)", json.dumps(q["messages"]))[1]
        if not any(m["role"] == "tool" for m in q["messages"]):
            return self.stream([chunk({"tool_calls": [CALL]}), chunk({}, "tool_calls"), "[DONE]"])
        ASKED[way] = ASKED.get(way, 0) + 1
        if way == "once":
            way = "cut" if ASKED[way] == 1 else "nothing"
        if way == "gone":
            self.close_connection = True
        elif way.isdigit():
            self.answer(int(way), "application/json", b'{"error":{"message":"no","type":"server_error"}}')
        else:
            self.stream(ENDS[way], 100 if way == "cut" else 0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
