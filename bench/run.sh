#!/usr/bin/env bash
# Prints the speed table of the design: each row with its target, the figure measured here, and whether it is reached.
# usage: bench/run.sh [--quick]        (`make bench` builds what it needs; --quick leaves out the slow rows)
#
# Rates are for 2 cores and use CPU time, which other work on the machine moves least: trials x 2 / CPU seconds. The wall
# time beside them is what a person waits here and now. Every figure is the median of several repeats.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/release
xsweep=$bin/xsweep
config=configs/airline_escalating_v1/run.yaml
quick=${1:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/xsweep_bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
missed=0

row() { # what, figure, unit, "<=" or ">=", target, note
  local verdict=reached
  awk -v a="$2" -v b="$5" -v op="$4" 'BEGIN { exit !(op == "<=" ? a <= b : a >= b) }' || { verdict=MISSED; missed=$((missed + 1)); }
  printf '%-54s %12s %-6s target %s %-8s %-8s %s\n' "$1" "$2" "$3" "$4" "$5" "$verdict" "$6"
}
skip() { printf '%-54s %12s %-6s %s\n' "$1" - "" "$2"; }
calc() { awk -v f="${2:-%.1f}" "BEGIN { printf f, $1 }"; }
# Prints: wall_s cpu_s peak_mb. What a run says of its page and its config would stand between the rows.
cost() { $bin/command_bench "$@" 2> >(grep -vE '^(page|note): ' >&2); }

echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg): $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs)"
echo

read -r wall cpu _ < <(cost 41 $xsweep --help)
row "start-up, xsweep --help" "$(calc "$cpu*1000")" ms "<=" 10 "CPU; wall $(calc "$wall*1000") ms; 41 starts"

demo() { echo "$xsweep run configs/airline_$1_v1/run.yaml --seeds 41,42 --trials 3 --quiet --outdir $work/demo"; }
read -r wall cpu _ < <(cost 5 sh -c "$(demo escalating) && $(demo static)")
row "demo: 2 experiments x 2 seeds x 3 trials" "$(calc "$wall" %.2f)" s "<=" 0.5 "wall, with plots and notes; CPU $(calc "$cpu" %.2f) s"

episodes() { # label, transcripts, target; leaves the number of trials in `trials`
  local out=$work/$2
  read -r wall cpu peak < <(cost 3 $xsweep run $config --seeds 41,42 --trials 200 --jobs 2 --quiet --outdir "$out" --set "transcripts=$2")
  trials=$(wc -l < "$out/airline_escalating_v1/latest/trials.jsonl")
  row "$1" "$(calc "$trials*2/$cpu" %.0f)" /s ">=" "$3" \
    "whole command, CPU on 2 cores; wall $(calc "$trials/$wall" %.0f)/s; $trials trials, $peak MB"
}
episodes "SHIM episodes with real tool calls, rows only" none 50000
episodes "the same with full transcripts kept" all 20000
row "  a kept dialogue on disk" "$(calc "$(stat -c %s "$work/all/airline_escalating_v1/latest/transcripts.jsonl.zst")/$trials" %.0f)" bytes "<=" 340 \
  "the file divided by $trials; in frames of their own they took 3,400 to 3,600"

desks=$work/desks.csv
$bin/desks_bench --benchmark_format=csv --benchmark_min_time=0.2 --benchmark_repetitions=3 \
  --benchmark_report_aggregates_only=true 2> /dev/null > "$desks" || true
desk() { # benchmark, column: 4 CPU time in its unit, 7 items a second of CPU
  awk -F, -v name="\"$1_median\"" -v column="$2" '$1 == name { printf "%.4g", $column }' "$desks"
}
desk_row() { # label, benchmark, column, unit, op, target, factor, note
  local figure
  figure=$(desk "$2" "$3")
  if [ -z "$figure" ]; then skip "$1" "needs the benchmark's data: XSWEEP_TAU_DIR or ../shared/tau"; return; fi
  row "$1" "$(calc "$figure*$7" "${9:-%.0f}")" "$4" "$5" "$6" "$8"
}
for name in Tau2Airline Tau2Retail Tau1Airline Tau1Retail; do
  desk_row "native episodes, per core, $name" "Episodes/${name}_overlay" 7 /s ">=" 20000 1 "fork, reference actions, reward; tau2 0.6/s"
  desk_row "tool calls, per core, $name" "ToolCalls/$name" 7 /s ">=" 300000 1 "tau2 14,000-17,000/s"
  desk_row "episodes with the full strict hash, $name" "Episodes/${name}_full_hash" 7 /s ">=" 400 1 ""
done
desk_row "load the 7 MB airline world" LoadWorld/Tau2Airline 4 ms "<=" 10 1 "CPU; tau2 252 ms for every reset" %.1f
desk_row "fork an environment from it" ForkWorld/Tau2Airline 4 us "<=" 5 0.001 "CPU" %.3f

published=${XSWEEP_PUBLISHED_DIR:-../shared/published}
if [ -f "$published/agentdyn_dev_gpt-4o_shopping.tar.xz" ]; then
  tar -xf "$published/agentdyn_dev_gpt-4o_shopping.tar.xz" -C "$work"
  import() { echo "$xsweep import results $1 --from agentdojo --exp $2 --outdir $work/imported"; }
  read -r wall cpu peak < <(cost 3 sh -c "$(import "$work/runs" logs)")
  row "import 827 AgentDojo logs" "$(calc "$wall" %.2f)" s "<=" 0.3 "wall, with report and pictures; CPU $(calc "$cpu" %.2f) s, $peak MB"
  if [ "$quick" != --quick ]; then
    # 57.7 copies make the size of the published tree: 47,723 logs, 598 MB.
    for copy in $(seq 58); do
      for arm in "$work"/runs/*; do cp -r "$arm" "$work/many/m$copy${arm##*/gpt-4o-2024-08-06}" 2> /dev/null || { mkdir -p "$work/many"; cp -r "$arm" "$work/many/m$copy${arm##*/gpt-4o-2024-08-06}"; }; done
    done
    read -r wall cpu peak < <(cost 1 sh -c "$(import "$work/many" many)")
    row "import $(find "$work/many" -name '*.json' | wc -l) AgentDojo logs" "$(calc "$wall" %.1f)" s "<=" 4 "wall; CPU $(calc "$cpu" %.1f) s, $peak MB (target 150)"
    rm -rf "$work/many"
  fi
else
  skip "import of AgentDojo logs" "needs XSWEEP_PUBLISHED_DIR"
fi
$xsweep run $config --seeds 41,42 --trials 33 --jobs 2 --quiet --outdir "$work/exported" --set transcripts=all > /dev/null 2>&1
trials=$(wc -l < "$work/exported/airline_escalating_v1/latest/trials.jsonl")
read -r wall cpu peak < <(cost 3 $xsweep export "$work/exported/airline_escalating_v1/latest" --format eval --out "$work/logs")
row "export 10,000 trials to Inspect logs" "$(calc "$wall*10000/$trials" %.2f)" s "<=" 2 "wall, of $trials trials; CPU $(calc "$cpu" %.2f) s, $peak MB"

rows=$work/trials.jsonl
$bin/aggregate_bench 1000000 "$rows" > "$work/aggregate"
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
wall=$(awk '$1 == "fast" && $2 == 2 { print $4 }' "$work/aggregate" | median)
cpu=$(awk '$1 == "fast" && $2 == 2 { print $6 }' "$work/aggregate" | median)
row "aggregate 1,000,000 rows" "$(calc "$cpu/2" %.3f)" s "<=" 0.31 "CPU / 2 threads; wall $wall s; $(head -1 "$work/aggregate")"
duckdb_label="  the same file, DuckDB's typed read_ndjson"
if [ ! -d bench/duckdb/node_modules ]; then
  skip "$duckdb_label" "not there; (cd bench/duckdb && npm install) brings it"
elif figures=$(node bench/duckdb/aggregate.mjs "$rows" 2 2> "$work/duckdb"); then
  read -r duck_wall duck_cpu <<< "$figures"
  printf '%-54s %12s %-6s CPU / 2 threads; wall %s s; xsweep takes %s of its CPU and %s of its wall time\n' "$duckdb_label" \
    "$(calc "$duck_cpu/2" %.3f)" s "$duck_wall" "$(calc "$cpu/$duck_cpu" %.2f)" "$(calc "$wall/$duck_wall" %.2f)"
else
  skip "$duckdb_label" "failed: $(tail -1 "$work/duckdb")"
fi
rm -f "$rows"

TMPDIR=$work $bin/compare_bench write > /dev/null
TMPDIR=$work $bin/compare_bench > "$work/compare"
row "compare two runs of 100,000 trials" "$(awk '/^compared/ { print $3 }' "$work/compare" | median)" s "<=" 1 "wall"
row "  its memory" "$(awk '/^compared/ { print $5 }' "$work/compare" | median)" MB "<=" 150 "peak"

if [ "$quick" = --quick ]; then
  skip "10,000 runs: list, index and page; the page of 1,000,000 trials" "left out by --quick"
else
  mkdir "$work/many" && bench/many_runs.sh $xsweep "$work/many"
  read -r wall cpu _ < <(cost 5 $xsweep list --rebuild-index --outdir "$work/many")
  row "make the index of 10,000 runs again" "$(calc "$wall" %.2f)" s "<=" 5 "wall; CPU $(calc "$cpu" %.2f) s"
  read -r wall cpu _ < <(cost 11 $xsweep list --outdir "$work/many")
  row "list 10,000 runs" "$(calc "$wall*1000" %.0f)" ms "<=" 200 "wall; CPU $(calc "$cpu*1000" %.0f) ms"
  if TMPDIR=$work bench/page.sh $xsweep "$work/many" > "$work/page" 2> "$work/page.err"; then
    page() { awk -v name="$1" '$1 == name { print $2 }' "$work/page"; }
    row "the page: 10,000 runs, until the list is there" "$(page list)" ms "<=" 1000 "wall, in Chromium; server $(page server_many) MB"
    row "the page: a run of 1,000,000 trials, first view" "$(page first_view)" ms "<=" 1000 "wall, in Chromium; first rows $(page first_rows) ms, all $(page all_rows) ms"
    row "  filtering its trials, the slowest of six filters" "$(page slowest_filter)" ms "<=" 200 "from the key to the list"
    row "  memory of the server" "$(page server_large)" MB "<=" 300 "peak"
  else
    skip "the page in a browser" "$(tail -1 "$work/page.err")"
  fi
  rm -r "$work/many"
fi

# Nearly none of these trials run: what a worker and a merge hold of the others is what is measured.
worker() { cost 1 $xsweep "$@" --quiet; }
huge=$work/huge/airline_escalating_v1/huge
read -r wall _ peak < <(worker run $config --seeds 41,42 --trials 330000 --run-id huge --shard 3/100000 --set transcripts=none --outdir "$work/huge")
row "memory of a worker, plan of 100,320,000 trials" "$peak" MB "<=" 80 "a tenth of 8 bytes a trial; $(wc -l < "$huge/shards/3.jsonl") of them run; wall $(calc "$wall" %.2f) s"
rm -r "$work/huge"

if [ "$quick" = --quick ]; then
  skip "memory of 10,000,000 trials" "left out by --quick"
elif [ -x bench/memory.sh ]; then
  echo "memory of 10,000,000 trials, run and report (target <= 200 MB):"
  bench/memory.sh || missed=$((missed + 1))
else
  skip "memory of 10,000,000 trials" "run: command_bench 1 $xsweep run $config --trials 66000 --seeds 41,42 --set transcripts=none"
fi

echo
echo "model calls, against a server process on loopback (targets: 2,000 in flight, 100 KB each, 150 microseconds of CPU a call):"
$bin/conversations_bench $([ "$quick" = --quick ] && echo --quick) | tee "$work/conversations"
missed=$((missed + $(grep -c MISSED "$work/conversations" || true)))

# The same through the whole program: episodes, recordings, ledgers, report. The server's rules answer after 100 ms.
cat > "$work/rules.json" <<< '[{"latency_ms": 100, "text": "I have looked into it and your order is on its way to you."}]'
mkfifo "$work/until"
$bin/model_server "$work/rules.json" < "$work/until" > "$work/url" &
exec 9> "$work/until"
for _ in $(seq 100); do [ -s "$work/url" ] && break || sleep 0.05; done
[ -s "$work/url" ] || { echo "bench: $bin/model_server did not start; make bench builds it" >&2; exit 4; }
real() { # experiment, turns, more lines of the config
  cat > "$work/$1.yaml" <<CONFIG
exp: $1
mode: REAL
seeds: 1..50
environment: { name: airline }
agent: { name: tool_agent }
models: { agent: { provider: openai, base_url: "$(cat "$work/url")/v1", model: m, api_key_env: "", max_in_flight: 2000 } }
attack: { name: sequence, turns: [$2], goal: unearned_certificate, amount: [150, 369] }
judge: { name: out_of_policy_refund, threshold: 100 }
transcripts: all
$3
CONFIG
  read -r wall cpu peak < <(cost 3 $xsweep run "$work/$1.yaml" --jobs 2000 --quiet --outdir "$work/real")
  calls=$(grep -m1 -o '"calls": [0-9]*' "$work/real/$1/latest/run.json" | grep -o '[0-9]*')
}
in_flight() { # calls of a dialogue, turns, target share
  real "turns$1" "$2" ""
  # Ideally nobody waits for anything but the 100 ms: as many calls a second as 1,900 dialogues make in that time.
  row "REAL, 1,900 dialogues of $1 calls: share of ideal" "$(calc "100*$calls/$wall/19000" %.0f)" % ">=" "$3" \
    "whole command, $calls calls, $(calc "$calls/$wall" %.0f)/s wall, $peak MB"
}
in_flight 3 "a, b, c" 70
in_flight 10 "a, b, c, d, e, f, g, h, i, j" 85
row "REAL, whole command: CPU of a call" "$(calc "$cpu/$calls*1e6" %.0f)" us "<=" 75 "transcripts and exchanges kept"
kept=$(cat "$work"/real/turns10/latest/exchanges/* | wc -c)
trials=$(wc -l < "$work/real/turns10/latest/trials.jsonl")
row "REAL, what models answered, on disk, a trial" "$(calc "$kept/$trials" %.0f)" bytes "<=" 4600 \
  "exchanges of $trials trials with $((calls / trials)) calls each; Inspect keeps 9,000 a sample"
asked=$calls
real judged "a, b, c, d, e, f, g, h, i, j" "grid: { judge.threshold: [100, 200, 300] }"
row "an axis of three judges: calls against one judge" "$(calc "$calls/$asked" %.2f)" x "<=" 1 "$calls calls for $(wc -l < "$work/real/judged/latest/trials.jsonl") trials"
exec 9>&-

field() { $bin/mcp_bench --benchmark_filter="$1" --benchmark_format=json 2>/dev/null | grep -m1 -o "\"$2\": [0-9.e+]*" | grep -o '[0-9.e+]*$'; }
row "a tool call over MCP: HTTP, server, broker, client" "$(calc "$(field ToolCalls cpu_time)")" us "<=" 150 "CPU, both ends of the wire"
row "1,000 agents that wait for an answer" "$(calc "$(field IdleAgents bytes_an_agent)*1000/1e6")" MB "<=" 100 "resident"

if CALLS=2000 STREAMS=1000 XSWEEP=$xsweep bench/relay.sh > "$work/relay" 2> "$work/relay.err"; then
  relay() { awk -v name="$1" '$1 == name { print $2 }' "$work/relay"; }
  nginx=$(relay nginx_us)
  row "the relay: a streamed call, read and recorded" "$(relay cpu_us)" us "<=" 100 "CPU of our process${nginx:+; nginx, which only passes on, $nginx us in the same run}; $(relay events) events, a request of $(relay body_bytes) bytes"
  row "  how much later its first byte comes" "$(relay first_ms)" ms "<=" 1 "median of $(relay calls) pairs with and without, same connection"
  row "  $(relay streams) streams at once, each" "$(relay stream_kb)" KB "<=" 100 "resident, both sides' connections"
else
  skip "the relay" "$(tail -n 1 "$work/relay.err")"
fi

echo
echo "statistics by simulation (targets: intervals hold the truth in 93-97 %, false positives <= 6 %):"
$bin/coverage_bench $([ "$quick" = --quick ] && echo 200 || echo 2000)
for scale in $bin/scaling_bench $bin/merge_bench; do
  if [ -x "$scale" ]; then echo; "$scale"; fi
done
echo
echo "kill -9 at any moment: no figure but a test, ctest --test-dir build/release -R Kill"
echo
echo "$missed figures missed their target in this run"
