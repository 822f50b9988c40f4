#!/usr/bin/env bash
# Runs the folder of cases named by XSWEEP_CASES_DIR against the binary and holds the findings against not_due.txt:
# what is listed there must still fall short, everything else must pass. Skips where the folder is not there.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=${XSWEEP:?the binary to test}
skip() { echo "skipped: $*"; exit 77; }
[[ -n ${XSWEEP_CASES_DIR:-} ]] || skip "XSWEEP_CASES_DIR is not set"
[[ -f $XSWEEP_CASES_DIR/run_cases.py ]] || skip "no run_cases.py in XSWEEP_CASES_DIR ($XSWEEP_CASES_DIR)"
command -v python3 >/dev/null || skip "no python3"
exec python3 "$(dirname "$0")/hold_cases.py" "$xsweep" "$XSWEEP_CASES_DIR"
