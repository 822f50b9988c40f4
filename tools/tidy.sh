#!/usr/bin/env bash
# Runs clang-tidy on the sources that changed since BASE (default: eight commits back), at most 24 of them.
#   tools/tidy.sh [BASE]      tools/tidy.sh --all
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
base=${1:-HEAD~8}
if [[ $base == --all ]]; then
  mapfile -t files < <(git ls-files 'src/*.cc')
else
  git rev-parse --quiet --verify "$base^{commit}" >/dev/null || base=$(git rev-list --max-parents=0 HEAD | tail -n 1)
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | grep -E '^src/.*\.cc$' | sort -u | head -n 24)
fi
if [[ ${#files[@]} -eq 0 ]]; then
  echo "no source has changed"
  exit 0
fi
cmake --preset tidy >/dev/null
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*' 2> >(grep -vE 'warnings (generated|treated)|Suppressed|Use -header-filter' >&2)
echo "clang-tidy: ${#files[@]} files are clean"
