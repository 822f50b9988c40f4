#!/usr/bin/env bash
# Builds the libFuzzer targets and runs each for SECONDS (default 30) on its seeds, two at a time.
#   tools/fuzz.sh [SECONDS] [TARGET...]
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
shift || true
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz ${*:+--target "$@"}
mkdir -p build/fuzz/corpus
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in fuzz/*_fuzz.cc; do targets+=("$(basename "${source%.cc}")"); done
fi
fuzz_one() {
  local target=$1 corpus=build/fuzz/corpus/$1 seeds=fuzz/seeds/${1%_fuzz}
  mkdir -p "$corpus"
  [[ -d $seeds ]] || seeds=$corpus
  build/fuzz/"$target" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$corpus-" "$corpus" "$seeds" >"$corpus.log" 2>&1 || { tail -n 40 "$corpus.log"; echo "fuzz: $target found something" >&2; return 1; }
  echo "$target: $(grep -o 'stat::number_of_executed_units: .*' "$corpus.log" | grep -oE '[0-9]+') runs, nothing found"
}
export -f fuzz_one
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'fuzz_one {} '"$seconds"
