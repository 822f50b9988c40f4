"""An agent with one tool of its own, as small as it can be: a loop over Chat's stream. Standard library only.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import urllib.request

TOOL = {"type": "function", "function": {"name": "read_letter", "description": "Reads a letter.", "parameters": {
    "type": "object", "properties": {"number": {"type": "integer"}}}}}


def ask(history):
    """(words, calls) of one reply; fails for a stream that breaks off."""
    body = json.dumps({"model": "m", "stream": True, "messages": history, "tools": [TOOL]}).encode()
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body,
                                     {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    words, calls, done = "", [], False
    for line in urllib.request.urlopen(request):
        if not line.startswith(b"data: "):
            continue
        if done := line.strip() == b"data: [DONE]":
            break
        delta = json.loads(line[6:])["choices"][0]["delta"]
        words += delta.get("content") or ""
        calls += delta.get("tool_calls") or []
    assert done, "the stream broke off"
    return words, calls


history = [{"role": "user", "content": os.environ["XSWEEP_PROMPT"]}]
while True:
    words, calls = ask(history)
    for call in calls:
        call.pop("index", None)
    history.append({"role": "assistant", "content": words, **({"tool_calls": calls} if calls else {})})
    if not calls:
        break
    for call in calls:
        number = json.loads(call["function"]["arguments"])["number"]
        history.append({"role": "tool", "tool_call_id": call["id"], "content": f"Letter {number}: see you on day {number}."})
print(words)
