"""Loops that never say what came of a call, and a model that asks for one call after the other. Standard library only.

    forgetful.py model     a model on Chat's wire that calls read_letter whatever it is told; prints its port
    forgetful.py forgets   an agent that puts a summary in the place of each call and its result
    forgetful.py direct    an agent whose tool ends its loop
    forgetful.py drops     an agent that is connected to our tools over MCP and ends where its model calls one of them
    forgetful.py serve     such an agent asked over HTTP, {prompt, model_url}; prints its port

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import os
import sys
import urllib.request

TOOL = {"type": "function", "function": {"name": "read_letter", "description": "Reads a letter.", "parameters": {
    "type": "object", "properties": {"number": {"type": "integer"}}}}}


def ask(model, history):
    body = json.dumps({"model": "m", "messages": history, "tools": [TOOL]}).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(
        model + "/chat/completions", body, {"Content-Type": "application/json", "Authorization": "Bearer any"})))


def forget(model, prompt):
    history = [{"role": "user", "content": prompt}]
    while True:
        ask(model, history)
        history.append({"role": "assistant", "content": "I have read a letter."})


def direct(model, prompt):
    ask(model, [{"role": "user", "content": prompt}])
    return "Letter 1: see you on day 1."


def drops(model, prompt):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../agents"))
    import stand_in
    TOOL["function"]["name"] = next(name for name in stand_in.Client().open() if name.endswith("read_notes"))
    ask(model, [{"role": "user", "content": prompt}])
    return "I would rather not."


class Server(http.server.BaseHTTPRequestHandler):
    asked = 0

    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "model_url" in request:
            answer = {"answer": direct(request["model_url"] + "/v1", request["prompt"])}
        else:
            Server.asked += 1
            tool = request["tools"][0]["function"]["name"]
            call = {"id": f"call_{Server.asked}", "type": "function", "function": {"name": tool, "arguments": '{"number": 1}'}}
            answer = {"choices": [{"index": 0, "finish_reason": "tool_calls",
                                   "message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if sys.argv[1] in ("model", "serve"):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    print(server.server_port, flush=True)
    server.serve_forever()
loop = {"forgets": forget, "drops": drops}.get(sys.argv[1], direct)
print(loop(os.environ["OPENAI_BASE_URL"], os.environ["XSWEEP_PROMPT"]))
