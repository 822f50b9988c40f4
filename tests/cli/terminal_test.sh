#!/usr/bin/env bash
# What is drawn and printed fits the window, whatever its width: progress, the table of cells, parts.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
xsweep=${XSWEEP:?the binary to test}
exec python3 "$(dirname "$0")/terminal.py" "$xsweep"
