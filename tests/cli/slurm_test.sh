#!/bin/bash
# Runs on a real Slurm of two nodes: 16 shards, one node killed in the middle, and external agents; the bytes of one
# process.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/slurm_cluster.sh"
xsweep=${XSWEEP:?the binary to test}
config=$(cd "$here/../.." && pwd)/configs/airline_static_v1/run.yaml

obstacle=$(cluster_obstacle)
if [ -n "$obstacle" ]; then
  echo "skipped: $obstacle"
  exit 77
fi

dir=$(mktemp -d /tmp/xsweep-slurm-XXXXXX)
clean_up() {
  status=$?
  [ $status = 0 ] || tail -n 30 "$dir"/slurmctld.log "$dir"/attach*.txt 2>/dev/null || true
  [ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
  stop_cluster
  rm -rf "$dir"
}
trap clean_up EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Outside the repository, so that a commit made meanwhile does not show in the summaries.
cd "$dir"
start_cluster "$dir"
flags="--outdir $dir/results --trials ${TRIALS:-800} --set transcripts=none"
"$xsweep" run "$config" $flags --run-id alone --quiet >/dev/null
runs=$dir/results/airline_static_v1

# A run that goes well; its watcher dies and another one attaches.
"$xsweep" run "$config" $flags --run-id well --executor slurm --slurm-shards 3 --slurm-time 10 >"$dir/run.txt" 2>&1 &
watcher=$!
wait_for "the submission" test -s "$runs/well/slurm/jobs.json"
wait_for "the merge job's id" grep -q '"merge_id": "[0-9]' "$runs/well/slurm/jobs.json"
kill -KILL $watcher
wait $watcher 2>/dev/null || true
"$xsweep" attach "$runs/well" >"$dir/attach-well.txt" 2>&1 || fail "attach ended with $?"
cmp "$runs/alone/trials.jsonl" "$runs/well/trials.jsonl" || fail "the rows of three shards differ from one process"
grep -q '"status": "completed"' "$runs/well/run.json" || fail "the run is not completed"
test -x "$(command -v sbatch)" && grep -q "worker --run" "$runs/well/slurm/array.sh" || fail "no script is kept"
echo "three shards on Slurm, watcher killed: the bytes of one process"

# A run that loses a node in the middle, with requeueing off, so that only attach can bring the shards back.
"$xsweep" run "$config" $flags --run-id lossy --executor slurm --slurm-shards 16 --slurm-partition main \
  --slurm-mem 100M --slurm-arg=--no-requeue >"$dir/attach-lossy.txt" 2>&1 &
watcher=$!
wait_for "rows" sh -c "cat $runs/lossy/shards/*.jsonl 2>/dev/null | grep -q ."
# A worker on n2 that has written rows is stopped, so that it dies in the middle however busy this machine is.
rows_of_a_running_shard_on_n2() {
  for job in $(on_node n2); do
    shard=$(grep -zs ^SLURM_ARRAY_TASK_ID= "/proc/$job/environ" | tr -d '\0' | cut -d= -f2)
    [ -s "$runs/lossy/shards/$shard.jsonl" ] && kill -STOP "$job" 2>/dev/null || continue
    [ "$(cat "$runs/lossy/shards/$shard.jsonl" | wc -l)" -lt "$((rows_of_one_process / 16))" ] && return 0
    kill -CONT "$job" 2>/dev/null
  done
  return 1
}
rows_of_one_process=$(wc -l <"$runs/alone/trials.jsonl")
wait_for "rows of a shard on n2" rows_of_a_running_shard_on_n2
kill_node "$n2_pid" n2
rows=$(cat "$runs"/lossy/shards/*.jsonl | wc -l)
wait $watcher || fail "the watching run ended with $?: $(cat "$dir/attach-lossy.txt")"
watcher=
cmp "$runs/alone/trials.jsonl" "$runs/lossy/trials.jsonl" || fail "the rows differ after the loss of a node"
diff <(cut -d, -f1-10,13- "$runs/alone/summary.csv" | grep -v alone) \
  <(cut -d, -f1-10,13- "$runs/lossy/summary.csv" | grep -v lossy) || fail "the summaries differ"
grep -q "again as job" "$dir/attach-lossy.txt" || fail "nothing was submitted again: $(cat "$dir/attach-lossy.txt")"
echo "16 shards, node n2 killed after $rows rows: the bytes of one process"
grep "again as job" "$dir/attach-lossy.txt"

# A run that is cancelled keeps what it has and can be finished here.
"$xsweep" run "$config" $flags --run-id stopped --executor slurm --slurm-shards 8 >"$dir/attach-stopped.txt" 2>&1 &
watcher=$!
wait_for "rows" sh -c "cat $runs/stopped/shards/*.jsonl 2>/dev/null | grep -q ."
kill -INT $watcher
wait $watcher && fail "an interrupted watcher ended with 0"
watcher=
grep -q "the jobs go on" "$dir/attach-stopped.txt" || fail "the interrupted watcher says nothing"
"$xsweep" attach "$runs/stopped" --cancel >"$dir/attach-cancel.txt" 2>&1 || fail "cancel ended with $?"
[ -z "$(squeue --noheader)" ] || fail "jobs are left after --cancel: $(squeue)"
grep -q '"status": "interrupted"' "$runs/stopped/run.json" || fail "the cancelled run is not marked interrupted"
"$xsweep" run --resume "$runs/stopped" --quiet >/dev/null || fail "the cancelled run cannot be resumed"
cmp "$runs/alone/trials.jsonl" "$runs/stopped/trials.jsonl" || fail "the rows differ after a cancel"
echo "cancelled in the middle, resumed here: the bytes of one process"

# An external agent, a program that is started for each trial and asks for its tools over MCP, on both nodes.
cat >"$dir/agents.yaml" <<CONFIG
exp: agents
mode: REAL
seeds: 1..4
environment: { name: airline, tasks: [0, 1, 2] }
agent: { name: process, command: [python3, "$here/../agents/stand_in.py", well], timeout: 120 }
attack: { name: record_injection, goal: unearned_certificate, amount: [150, 369] }
judge: { name: goal_reached }
controls: true
transcripts: all
CONFIG
"$xsweep" run "$dir/agents.yaml" --outdir "$dir/results" --run-id alone --quiet >/dev/null 2>&1 || fail "the agents do not run here"
runs=$dir/results/agents
"$xsweep" run "$dir/agents.yaml" --outdir "$dir/results" --run-id array --executor slurm --slurm-shards 4 \
  --slurm-mem 200M >"$dir/attach-agents.txt" 2>&1 || fail "agents on Slurm ended with $?: $(cat "$dir/attach-agents.txt")"
cmp "$runs/alone/trials.jsonl" "$runs/array/trials.jsonl" || fail "the rows of agents on two nodes differ from one process"
cmp "$runs/alone/transcripts.jsonl.zst" "$runs/array/transcripts.jsonl.zst" || fail "their dialogues differ"
grep -q '"outcome":"error"' "$runs/array/trials.jsonl" && fail "agents failed: $(grep -m1 '"outcome":"error"' "$runs/array/trials.jsonl")"
grep -q '"tool_calls":[1-9]' "$runs/array/trials.jsonl" || fail "no agent used a tool"
echo "$(wc -l <"$runs/array/trials.jsonl") trials of an external agent in four shards: the bytes of one process"
