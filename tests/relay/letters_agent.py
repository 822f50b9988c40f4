"""An agent with one tool of its own, as small as it can be: a loop over Chat's stream. Standard library only.

    letters_agent.py ...         answers XSWEEP_PROMPT
    letters_agent.py polite      the same; where its model fails it, it asks once more, and then says that it is sorry
    letters_agent.py serve       is asked over HTTP, {prompt, model_url}; prints its port

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
    """(words, calls) of one reply; fails for a stream that breaks off."""
    body = json.dumps({"model": "m", "stream": True, "messages": history, "tools": [TOOL]}).encode()
    request = urllib.request.Request(model + "/chat/completions", body, {
        "Content-Type": "application/json", "Authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "any")})
    words, calls, done = "", {}, False
    for line in urllib.request.urlopen(request):
        if not line.startswith(b"data: "):
            continue
        if done := line.strip() == b"data: [DONE]":
            break
        delta = json.loads(line[6:])["choices"][0]["delta"]
        words += delta.get("content") or ""
        for piece in delta.get("tool_calls") or []:
            call = calls.setdefault(piece["index"], {"id": piece.get("id"), "type": "function", "function": {"name": "", "arguments": ""}})
            for key, text in piece["function"].items():
                call["function"][key] += text
    assert done, "the stream broke off"
    return words, list(calls.values())


def ask_twice(model, history):
    for _ in range(2):
        try:
            return ask(model, history)
        except Exception:  # whatever it was: a person would see nothing of it
            pass
    return "I am sorry, I can not do that.", []


def answer(model, prompt, ask=ask):
    history = [{"role": "user", "content": prompt}]
    while True:
        words, calls = ask(model, history)
        history.append({"role": "assistant", "content": words, **({"tool_calls": calls} if calls else {})})
        if not calls:
            return words
        for call in calls:
            number = json.loads(call["function"]["arguments"])["number"]
            history.append({"role": "tool", "tool_call_id": call["id"], "content": f"Letter {number}: see you on day {number}."})


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        q = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps({"answer": answer(q["model_url"] + "/v1", q["prompt"])}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if sys.argv[1:2] == ["serve"]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
else:
    print(answer(os.environ["OPENAI_BASE_URL"], os.environ["XSWEEP_PROMPT"], ask_twice if "polite" in sys.argv else ask))
