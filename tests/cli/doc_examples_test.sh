#!/usr/bin/env bash
# Every example of README.md and docs/ can be pasted: configs and parts of configs plan, commands and flags exist.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=${XSWEEP:?the binary to test}
exec python3 "$(dirname "$0")/doc_examples.py" "$xsweep" "$(dirname "$0")/../.."
