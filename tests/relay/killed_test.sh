#!/usr/bin/env bash
# The relay killed in the middle of a stream: the run goes on afterwards, what was paid for is not asked for again, its
# rows are those of a run that nobody disturbed, and of the agents that were under way nothing is left.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
xsweep=${XSWEEP:?the binary to test}
dir=$(mktemp -d /tmp/xsweep-killed-XXXXXX)
export TMPDIR=$dir/tmp
mkdir "$TMPDIR"
python3 "$here/slow_model.py" 0.4 >"$dir/port" & model=$!
trap 'kill "$model" 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 200); do [ -s "$dir/port" ] && break; sleep 0.05; done
base=http://127.0.0.1:$(cat "$dir/port")
ask() { python3 -c 'import json, sys, urllib.request as u; print(json.loads(u.urlopen(sys.argv[1]).read())[sys.argv[2]])' "$base" "$1"; }
agents() { pgrep -fc "letters_agent.py $dir" || true; }

cat >"$dir/letters.yaml" <<YAML
exp: letters
description: An agent whose model streams slowly.
mode: REAL
seeds: [1, 2]
trials: 1
environment: { name: own, tools: [{ name: read_letter, description: Reads a letter. }] }
tasks:
  - { id: two, instruction: "Read me 2 letters.", calls: [{ tool: read_letter, arguments: { number: 2 } }] }
  - { id: three, instruction: "Read me 3 letters.", calls: [{ tool: read_letter, arguments: { number: 3 } }] }
agent: { name: process, command: [python3, $here/letters_agent.py, $dir], relay: upstream, relay_to: $base, timeout: 120 }
attack: { name: none }
judge: { name: goal_reached }
limits: { max_error_rate: 0 }
transcripts: all
YAML
fail() { echo "FAILED: $*"; tail -n 5 "$dir"/*.log; exit 1; }
"$xsweep" run "$dir/letters.yaml" --outdir "$dir/whole" --jobs 2 --quiet >"$dir/whole.log" 2>&1 || fail "the undisturbed run"
whole=$(ask begun)

"$xsweep" run "$dir/letters.yaml" --outdir "$dir/cut" --run-id r --jobs 2 --quiet >"$dir/cut.log" 2>&1 & run=$!
# Behind the second request: something was paid for, and a stream is under way. One process looks all the time: where
# each look is a start of Python, a busy machine sees nothing but the pauses between streams.
python3 - "$base" $((whole + 3)) <<'PY' || fail "no stream was under way"
import json, sys, time, urllib.request
for _ in range(6000):
    seen = json.loads(urllib.request.urlopen(sys.argv[1]).read())
    if seen["begun"] >= int(sys.argv[2]) and seen["now"] > 0:
        sys.exit(0)
    time.sleep(0.01)
sys.exit(1)
PY
[ "$(agents)" -gt 0 ] || fail "no agent was under way"
kill -9 "$run"; wait "$run" 2>/dev/null
before=$(ask begun)
[ ! -e "$dir/cut/letters/r/trials.jsonl" ] || fail "nothing was left to do"
"$xsweep" run "$dir/letters.yaml" --outdir "$dir/cut" --run-id r --jobs 2 --quiet >"$dir/resume.log" 2>&1 ||
  fail "the run does not go on"
cmp "$dir/whole/letters/latest/trials.jsonl" "$dir/cut/letters/r/trials.jsonl" || fail "the rows differ"
[ "$(wc -l <"$dir/cut/letters/r/trials.jsonl")" = 4 ] || fail "rows are missing"
[ "$(agents)" = 0 ] || fail "agents are left behind"
[ -z "$(ls -A "$TMPDIR")" ] || fail "directories are left behind: $(ls "$TMPDIR")"
# Only streams that had not come to their end were asked for again.
more=$(($(ask begun) - before))
[ "$more" -le $((whole - (before - whole) + 2)) ] || fail "what was paid for was asked for again: $more streams"
echo "ok: killed after $((before - whole)) of $whole streams, $more more to the same rows, nothing left behind"
