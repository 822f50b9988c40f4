#!/usr/bin/env python3
"""The batch endpoints of OpenAI and Anthropic, written with the types of their official clients.

    batch_peer.py                 serves on loopback, prints its address, and at its end what was wrong with requests
    batch_peer.py --drive URL     asks a server for batches as the official clients do, and wants every answer to be of their types

What is posted has to be what the clients' parameter types say; what is answered is built by the clients' own models.
"""
# SPDX-License-Identifier: Apache-2.0
import email.parser
import email.policy
import http.server
import json
import sys
import threading

import anthropic
import openai
from anthropic.types import Message
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse, batch_create_params
from openai.types import Batch, FileObject
from openai.types.batch_create_params import BatchCreateParams
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter, ValidationError

faults, files, batches = [], {}, {}


def check(kind, value, what):
    """Of this type, with no member that it does not name."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as wrong:
        faults.append(f"{what}: {wrong}")
    names = set(kind.__required_keys__) | set(kind.__optional_keys__)
    faults.extend(f"{what}: no member {name} is known" for name in sorted(set(value) - names))


def says(body):
    """Yes, no or a failure, by the length of what is asked."""
    size = len(json.dumps(body))
    return None if size % 5 == 0 else "Yes." if size % 2 else "no"


def chat(body):
    text = says(body)
    if text is None:
        return 400, {"error": {"message": "no such question", "type": "invalid_request_error", "param": None, "code": None}}
    return 200, ChatCompletion.model_validate({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": {"role": "assistant", "content": text, "refusal": None}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}).model_dump(mode="json", exclude_unset=True)


def message(params):
    text = says(params)
    if text is None:
        return {"type": "errored", "error": {"type": "error", "request_id": None, "error": {"type": "invalid_request_error", "message": "no such question"}}}
    return {"type": "succeeded", "message": Message.model_validate({
        "id": "msg_1", "type": "message", "role": "assistant", "model": params["model"], "stop_reason": "end_turn", "stop_sequence": None,
        "content": [{"type": "text", "text": text, "citations": None}],
        "usage": {"input_tokens": 10, "output_tokens": 2}}).model_dump(mode="json", exclude_unset=True)}


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, kind="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.removeprefix("/v1")
        if path == "/files":
            return self.answer(self.take_file(body))
        if path == "/batches":
            return self.answer(self.make_chat_batch(json.loads(body)))
        if path == "/messages/batches":
            return self.answer(self.make_message_batch(json.loads(body)))
        if path == "/chat/completions":
            status, reply = chat(json.loads(body))
            return self.answer(reply, status)
        if path == "/messages":
            result = message(json.loads(body))
            return self.answer(result.get("message") or result["error"], 200 if "message" in result else 400)
        return self.answer({"error": {"message": "not here", "type": "not_found_error"}}, 404)

    def take_file(self, body):
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        parts = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in form.iter_parts()}
        if parts.get("purpose") != b"batch" or "file" not in parts:
            faults.append(f"a form of {sorted(parts)}")
        name = f"file-{len(files) + 1}"
        files[name] = parts.get("file", b"").decode()
        return FileObject.model_validate({"id": name, "object": "file", "bytes": len(files[name]), "created_at": 1, "filename": "questions.jsonl",
                                          "purpose": "batch", "status": "processed"}).model_dump(mode="json")

    def make_chat_batch(self, params):
        check(BatchCreateParams, params, "batch")
        out, errors = [], []
        lines = [json.loads(line) for line in files[params["input_file_id"]].splitlines()]
        for line in lines:
            if set(line) != {"custom_id", "method", "url", "body"} or line["method"] != "POST" or line["url"] != params["endpoint"]:
                faults.append(f"a line of {sorted(line)}")
            check(CompletionCreateParamsNonStreaming, line["body"], "body")
            status, reply = chat(line["body"])
            (out if status == 200 else errors).append(json.dumps({
                "id": "batch_req_1", "custom_id": line["custom_id"], "error": None,
                "response": {"status_code": status, "request_id": "req_1", "body": reply}}))
        name = f"batch_{len(batches) + 1}"
        files["out-" + name], files["err-" + name] = "".join(x + "\n" for x in reversed(out)), "\n".join(errors)
        batches[name] = {"params": params, "looks": 0, "total": len(lines), "failed": len(errors)}
        return self.chat_batch(name)

    def chat_batch(self, name):
        batch = batches[name]
        batch["looks"] += 1
        status = ["validating", "in_progress", "finalizing", "completed"][min(batch["looks"] - 1, 3)]
        done = status == "completed"
        return Batch.model_validate({
            "id": name, "object": "batch", "created_at": 1, "completion_window": "24h", "endpoint": batch["params"]["endpoint"],
            "input_file_id": batch["params"]["input_file_id"], "status": status, "metadata": batch["params"].get("metadata"),
            "output_file_id": "out-" + name if done else None, "error_file_id": "err-" + name if done and batch["failed"] else None,
            "request_counts": {"total": batch["total"], "completed": batch["total"] - batch["failed"] if done else 0, "failed": batch["failed"]},
        }).model_dump(mode="json")

    def make_message_batch(self, params):
        check(batch_create_params.BatchCreateParams, params, "batch")
        name = f"msgbatch_{len(batches) + 1}"
        lines = [MessageBatchIndividualResponse.model_validate({"custom_id": one["custom_id"], "result": message(one["params"])})
                 for one in params["requests"]]
        files[name] = "\n".join(line.model_dump_json(exclude_unset=True) for line in reversed(lines))
        batches[name] = {"looks": 0, "total": len(lines)}
        return self.message_batch(name)

    def message_batch(self, name):
        batch = batches[name]
        batch["looks"] += 1
        done = batch["looks"] > 3
        host = f"http://{self.headers['Host']}"
        return MessageBatch.model_validate({
            "id": name, "type": "message_batch", "archived_at": None, "cancel_initiated_at": None, "created_at": "2026-01-01T00:00:00Z",
            "ended_at": "2026-01-01T01:00:00Z" if done else None, "expires_at": "2026-01-02T00:00:00Z",
            "processing_status": "ended" if done else "in_progress", "results_url": f"{host}/v1/messages/batches/{name}/results" if done else None,
            "request_counts": {"processing": 0 if done else batch["total"], "succeeded": batch["total"] if done else 0, "errored": 0, "canceled": 0,
                               "expired": 0}}).model_dump(mode="json")

    def do_GET(self):
        path = self.path.removeprefix("/v1").split("?")[0]
        if path == "/messages/batches":
            return self.answer({"data": [], "has_more": False, "first_id": None, "last_id": None})
        if path.startswith("/files/") and path.endswith("/content"):
            return self.answer(files[path.split("/")[2]], kind="application/octet-stream")
        if path.startswith("/messages/batches/"):
            if "x-api-key" not in self.headers or "anthropic-version" not in self.headers:
                faults.append("no key or version")
            name = path.split("/")[3]
            return self.answer(files[name], kind="application/x-jsonl") if path.endswith("/results") else self.answer(self.message_batch(name))
        if path.startswith("/batches/"):
            return self.answer(self.chat_batch(path.split("/")[2]))
        return self.answer({"error": {"message": "not here", "type": "not_found_error"}}, 404)


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
    print(json.dumps({"batches": len(batches), "faults": faults[:5]}))
    return 1 if faults else 0


def drive(url):
    """Two questions to the server through each client, whose strict reading wants every member to be of its type."""
    chats = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0, _strict_response_validation=True)
    lines = [json.dumps({"custom_id": f"q{i}", "method": "POST", "url": "/v1/chat/completions",
                         "body": {"model": "m", "messages": [{"role": "user", "content": f"question {i}"}]}}) for i in range(2)]
    file = chats.files.create(file=("questions.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = chats.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"xsweep": "name-1"})
    assert [one.id for one in chats.batches.list(limit=100)] == [batch.id] and batch.metadata == {"xsweep": "name-1"}, batch
    for _ in range(10):
        batch = chats.batches.retrieve(batch.id)
    assert batch.status == "completed" and batch.request_counts.total == 2, batch
    answers = [json.loads(line) for line in chats.files.content(batch.output_file_id).text.splitlines()]
    assert sorted(line["custom_id"] for line in answers) == ["q0", "q1"], answers
    for line in answers:
        assert ChatCompletion.model_validate(line["response"]["body"] | {"created": 1}).choices[0].message.content == "yes"
    messages = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0, _strict_response_validation=True).messages.batches
    made = messages.create(requests=[{"custom_id": f"q{i}", "params": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "claude"}]}}
                                     for i in range(2)])
    for _ in range(10):
        made = messages.retrieve(made.id)
    assert made.processing_status == "ended" and [one.id for one in messages.list(limit=1)] == [made.id], made
    results = list(messages.results(made.id))
    assert sorted(line.custom_id for line in results) == ["q0", "q1"] and results[0].result.message.content[0].text == "yes", results
    print(f"both clients take what the stand-in says: openai {openai.__version__}, anthropic {anthropic.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(drive(sys.argv[2]) if sys.argv[1:2] == ["--drive"] else serve())
