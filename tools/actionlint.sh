#!/usr/bin/env bash
# Checks the GitHub workflows with actionlint, building it once with Go where it is not installed.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
linter=$(command -v actionlint || true)
if [[ -z $linter ]]; then
  linter=$PWD/build/tools/actionlint
  if [[ ! -x $linter ]]; then
    command -v go >/dev/null || { echo "actionlint: neither actionlint nor Go is here; workflows not checked" >&2; exit 3; }
    GOBIN=$PWD/build/tools GOFLAGS=-mod=mod go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7
  fi
fi
"$linter" -color .github/workflows/*.yml
echo "workflows are sound"
