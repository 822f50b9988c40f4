#!/bin/bash
# The kill test at length: bench/kills.sh [KILLS=200] runs are killed with SIGKILL at random moments and compared.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
XSWEEP_KILLS=${1:-200} exec "${CLI_TESTS:-build/release/cli_tests}" --gtest_filter='KilledRun.*'
