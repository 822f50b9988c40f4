#!/usr/bin/env bash
# What the relay costs: CPU a call, how much later the first byte comes, memory of a thousand streams; a name and a figure a line.
#   XSWEEP=build/release/xsweep bench/relay.sh
# Where nginx is installed (or NGINX_PROGRAM names it) the same calls go through it too: a proxy that only passes on.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
xsweep=${XSWEEP:-$here/../build/release/xsweep}
ulimit -n 8192 2>/dev/null || true
dir=$(mktemp -d /tmp/xsweep-relay-XXXXXX)
python3 "$here/relay_load.py" upstream >"$dir/port" & model=$!
trap 'kill "$model" ${nginx:-} 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 200); do [ -s "$dir/port" ] && break; sleep 0.05; done
base=http://127.0.0.1:$(cat "$dir/port")
peer=()
if command -v "${NGINX_PROGRAM:-nginx}" >/dev/null; then
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/nginx.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path $dir/a; proxy_temp_path $dir/b; fastcgi_temp_path $dir/c; uwsgi_temp_path $dir/d; scgi_temp_path $dir/e;
  upstream model { server ${base#http://}; keepalive 64; }
  server {
    listen 127.0.0.1:$port; keepalive_requests 1000000;
    location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
CONF
  "${NGINX_PROGRAM:-nginx}" -p "$dir" -c "$dir/nginx.conf" & nginx=$!
  peer=("PEER=http://127.0.0.1:$port" "PEER_PID=$nginx")
fi
cat >"$dir/load.yaml" <<YAML
exp: load
description: One agent that does nothing but ask its model.
mode: REAL
seeds: [1]
trials: 1
environment: { name: airline, tasks: ["0"] }
agent:
  name: process
  command: [python3, $here/relay_load.py, agent]
  relay: upstream
  relay_to: $base
  relay_requests: 100000
  set: [MODEL=$base, CALLS=${CALLS:-2000}, STREAMS=${STREAMS:-1000}$(printf ', %s' "${peer[@]}")]
attack: { name: none }
judge: { name: goal_reached }
limits: { max_error_rate: 1 }
transcripts: all
YAML
"$xsweep" run "$dir/load.yaml" --outdir "$dir/out" --quiet >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
zstd -dcq "$dir/out/load/latest/transcripts.jsonl.zst" | python3 -c 'import json, sys
for line in sys.stdin:
    for step in json.loads(line)["transcript"]["steps"]:
        if step["kind"] == "agent": print(step["shown"].strip())'
