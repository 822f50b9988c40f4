#!/usr/bin/env bash
# What `xsweep init` writes opens, plans and runs in SHIM at once: for the desk, an agent, an MCP server, a class.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=${XSWEEP:?the binary to test}
dir=$(mktemp -d /tmp/xsweep-init-XXXXXX)
trap 'rm -rf "$dir"' EXIT
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$dir"
fail() { echo "FAILED: $*" >&2; cat "$dir/log" >&2; exit 1; }

"$xsweep" init --out desk.yaml >log 2>&1 </dev/null || fail "init for the desk"
"$xsweep" run desk.yaml --outdir results --run-id desk --quiet >log 2>&1 || fail "the desk's config does not run"
grep -q "task success" log || fail "no table of cells"

"$xsweep" init --agent "python3 'my agent.py'" --out agent.yaml >log 2>&1 </dev/null || fail "init for an agent"
grep -q 'command: \[python3, "\?my agent.py"\?\]' agent.yaml || { cat agent.yaml; fail "the command is not taken apart"; }
"$xsweep" run agent.yaml --mode SHIM --outdir results --run-id agent --quiet >log 2>&1 || fail "not without the agent"

"$xsweep" init --mcp "$xsweep env serve airline" --out server.yaml >log 2>&1 </dev/null || fail "init for a server"
grep -q "send_certificate" server.yaml || { cat server.yaml; fail "its tools are not named"; }
"$xsweep" run server.yaml --set seeds=[1] --outdir results --run-id server --quiet >log 2>&1 ||
  fail "the server's config does not run"

"$xsweep" env serve airline --http 127.0.0.1:0 >served 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 100); do grep -q http served && break; sleep 0.1; done
"$xsweep" init --mcp "$(grep -o 'http://[^ ]*' served)" --out address.yaml >log 2>&1 </dev/null || fail "init for an address"
grep -q "reset: none" address.yaml || { cat address.yaml; fail "nothing is said of what brings the server back"; }
"$xsweep" run address.yaml --outdir results --run-id address >log 2>&1 || fail "the address's config does not run"
grep -Eq "defense none +3 +[0-9]" log || fail "the template's attack was never seen"

(cd "$top" && "$xsweep" init --class examples.own_class.shelf:Shelf --out "$dir/class.yaml") >log 2>&1 </dev/null || fail "init for a class"
grep -q "goal: steal" class.yaml || { cat class.yaml; fail "the goal of the class is not aimed at"; }
(cd "$top" && "$xsweep" run "$dir/class.yaml" --outdir "$dir/results" --run-id class) >log 2>&1 || fail "the class's config does not run"
grep -Eq "defense none +[0-9]+ +[0-9]" log || fail "the attack on the class was never seen"
"$xsweep" init --class Shelf --out no.yaml >log 2>&1 </dev/null && fail "a class without its module"
grep -q "MODULE:CLASS" log || fail "nothing is said of how a class is named"

"$xsweep" init --out desk.yaml >log 2>&1 </dev/null && fail "a file that is there was written over"
grep -q "is there already" log || fail "nothing is said of the file that is there"
"$xsweep" init --force --out desk.yaml >log 2>&1 </dev/null || fail "--force does not write over it"

"$xsweep" init --agent --help >log 2>&1 </dev/null || fail "help where a value should stand"
grep -q "Usage: xsweep init" log || fail "no help is shown"
for words in "--class --force" "--agent --force" "--agent=--help" "--agent=" "--mcp=--force" "--out --force"; do
  # shellcheck disable=SC2086
  "$xsweep" init --out slip.yaml $words >log 2>&1 </dev/null && fail "init $words wrote a config"
  grep -Eq -- "--(agent|mcp|class|out)" log || fail "init $words: the message does not name the flag"
done
[ -e slip.yaml ] || [ -e --force ] && fail "something was written"
echo "all of them run, slips are refused"
