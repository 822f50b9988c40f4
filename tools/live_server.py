#!/usr/bin/env python3
"""Serves a GGUF file with llama.cpp's own OpenAI-compatible server, from the ready-made wheel xllamacpp.

    live_server.py WEIGHTS PORT
"""
# SPDX-License-Identifier: Apache-2.0
import os
import signal
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.n_ctx = 8192
params.n_parallel = 1
params.use_jinja = True  # tools need it
# More threads than idle cores make it slower, not faster: LIVE_THREADS=1 on a busy machine.
params.cpuparams.n_threads = int(os.environ.get("LIVE_THREADS", os.cpu_count() or 1))
server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
signal.pause()
