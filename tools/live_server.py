#!/usr/bin/env python3
"""Serves a GGUF file with llama.cpp's own OpenAI-compatible server, from the ready-made wheel xllamacpp.

    live_server.py WEIGHTS PORT [--json-calls]

--json-calls: for models that write their calls as ```json blocks. Their own chat template is read from the file and told so,
and llama.cpp's parser then turns the blocks into tool calls.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import signal
import struct
import sys


def chat_template(path):
    """`tokenizer.chat_template` of a GGUF file (its header: magic, version, counts, then typed key-value pairs)."""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    with open(path, "rb") as file:
        def number(form):
            return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))[0]

        def text():
            return file.read(number("Q"))

        def skip(kind):
            if kind == 8:
                text()
            elif kind == 9:
                inner, count = number("I"), number("Q")
                if inner in sizes:
                    file.seek(sizes[inner] * count, 1)
                else:
                    for _ in range(count):
                        skip(inner)
            else:
                file.seek(sizes[kind], 1)

        if file.read(4) != b"GGUF":
            sys.exit(f"live: {path} is no GGUF file")
        number("I")
        number("Q")
        for _ in range(number("Q")):
            key, kind = text(), number("I")
            if key == b"tokenizer.chat_template" and kind == 8:
                return text().decode()
            skip(kind)
    sys.exit(f"live: {path} has no chat template")


def main(weights, port, *flags):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {os.path.basename(weights).removesuffix(".gguf")}  # what rows say answered: a name, no path of this machine
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.n_ctx = 12288
    params.n_parallel = 1  # one slot: trials that share a prompt's beginning find it in the cache
    params.use_jinja = True  # tools need it
    if "--json-calls" in flags:
        params.chat_template = chat_template(weights).replace("<tool_call>", "```json").replace("</tool_call>", "```")
    # More threads than idle cores make it slower, not faster: LIVE_THREADS=1 on a busy machine.
    params.cpuparams.n_threads = int(os.environ.get("LIVE_THREADS", os.cpu_count() or 1))
    server = xllamacpp.Server(params)
    print("listening on", server.listening_address, flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
