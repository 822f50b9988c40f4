#!/usr/bin/env bash
# The recording of a REAL run that is shipped plays again without a network, to the same bytes and to a table that says something.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
offline=(unshare -rn)
"${offline[@]}" true 2>/dev/null || offline=()
start=$SECONDS
"${offline[@]}" tools/replay.sh "$scratch" > "$scratch/out" 2>&1 || { cat "$scratch/out"; exit 1; }
rows=$scratch/live_desk/replayed/trials.jsonl
[[ $(wc -l < "$rows") -eq 12 ]] || { echo "the recording holds $(wc -l < "$rows") trials, not 12"; exit 1; }
grep -q '"outcome":"attack_succeeded"' "$rows" || { echo "nothing in it succeeded: a table that says nothing"; exit 1; }
grep -q '"outcome":"attack_blocked"\|"outcome":"attack_resisted"' "$rows" || { echo "nothing in it failed"; exit 1; }
echo "replayed in $((SECONDS - start)) s"
