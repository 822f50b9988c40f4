#!/usr/bin/env bash
# The official Python clients of both generations (mcp 1 and 2) against `xsweep env serve`, over stdio, HTTP, and the
# pipe between the two. Skips loudly without what tools/setup_agents.sh installs.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
xsweep=${XSWEEP:?the binary to test}
tools=${XSWEEP_AGENTS_DIR:-$top/build/agents}
work=$(mktemp -d)
"$xsweep" env serve airline --http 127.0.0.1:0 >"$work/url" & server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.05; done
ran=0 failed=0
for client in mcp1 mcp2; do
  [ -f "$tools/$client/.done" ] || { echo "SKIPPED $client: not in $tools; tools/setup_agents.sh installs it"; continue; }
  ran=$((ran + 1))
  "$tools/$client/bin/python" "$here/python_client.py" "$xsweep" "$(head -1 "$work/url")" || failed=1
done
[ "$ran" -gt 0 ] || exit 77
exit $failed
