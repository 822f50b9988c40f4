#!/usr/bin/env bash
# Includes go one way, ARCHITECTURE.md has the same table, words that many share stand in one table, and files that the
# documentation names are there. Checks of words and pages also have to find a fault that is put into a copy.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
python3 tools/check_words.py
python3 tools/check_includes.py --table
python3 tools/check_docs.py
# The formatter is glad to draw the line into a comment above it.
unlicensed=$(git ls-files '*.cc' '*.h' 2>/dev/null | xargs -r grep -L '^// SPDX-License-Identifier: Apache-2.0$' || true)
[ -z "$unlicensed" ] || { echo "FAILED: no line of its own with the licence: $unlicensed" >&2; exit 1; }

copy=$(mktemp -d "${TMPDIR:-/tmp}/xsweep-source-XXXXXX")
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/src"
cp -r src/words src/record src/config "$copy/src/"
must_find() { # WHAT TEXT
  printf '%s\n' "$2" >"$copy/src/record/extra.cc"
  if python3 tools/check_words.py "$copy" >"$copy/said"; then
    echo "FAILED: $1 was not found" >&2
    exit 1
  fi
  grep -q extra.cc "$copy/said"
}
must_find "a second table of roles" 'const char* r[] = {"agent", "user", "attacker", "defense"};'
must_find "a file name" 'auto rows = run / "trials.jsonl";'
must_find "a table of limits" \
  'f("max_calls", "max_prompt_tokens", "max_completion_tokens", "max_total_tokens", "max_cost_usd");'

mkdir -p "$copy/docs"
for page in $(seq 12); do echo "text" >"$copy/docs/$page.md"; done
python3 tools/check_docs.py "$copy"
echo 'run configs/none/run.yaml, see [this](gone.md) and `record/gone`' >"$copy/docs/1.md"
if python3 tools/check_docs.py "$copy" >"$copy/said"; then
  echo "FAILED: a page that names what is not there was not found" >&2
  exit 1
fi
[[ $(grep -c 'not there' "$copy/said") == 3 ]]
