"""A model that streams slowly on Chat's wire: it reads letter 1, 2, ... of as many as the user names, then ends. Prints its
port; GET / says how many streams are under way and how many were begun. Standard library only.

    slow_model.py SECONDS        how long a stream takes

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import re
import sys
import threading
import time

LOCK, NOW, BEGUN = threading.Lock(), [0], [0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        data = json.dumps({"now": NOW[0], "begun": BEGUN[0]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def event(self, text):
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def do_POST(self):
        q = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        done = sum(m["role"] == "tool" for m in q["messages"])
        wanted = int(re.search(r"(\d+) letters", json.dumps(q["messages"]))[1])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with LOCK:
            NOW[0], BEGUN[0] = NOW[0] + 1, BEGUN[0] + 1
        try:
            self.stream(done, wanted)
        except ConnectionError:
            self.close_connection = True
        finally:
            with LOCK:
                NOW[0] -= 1

    def stream(self, done, wanted):
        def chunk(delta, finish=None):
            return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                               "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        for word in range(10):
            self.event(chunk({"content": f"word {word} "}))
            time.sleep(float(sys.argv[1]) / 10)
        if done < wanted:
            self.event(chunk({"tool_calls": [{"index": 0, "id": f"call_{done}", "type": "function", "function": {
                "name": "read_letter", "arguments": json.dumps({"number": done + 1})}}]}))
        self.event(chunk({}, "tool_calls" if done < wanted else "stop"))
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
