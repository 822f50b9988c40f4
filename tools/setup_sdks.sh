#!/usr/bin/env bash
# Installs what the tests of the model relay run against, at fixed versions, into a folder that git ignores: the official
# Python clients of OpenAI and Anthropic and the `ai` SDK of npm.
#
#   tools/setup_sdks.sh [FOLDER]      default FOLDER: build/sdks
#
# Each part is installed once; a part that cannot be had is named on stderr and its tests skip with that reason.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$top/build/sdks}
mkdir -p "$folder" && cd "$folder" || exit 1
failed=0

if [ ! -f python/.done ]; then
  if { [ -x python/bin/python ] || python3 -m venv python; } >python.log 2>&1 &&
     python/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 >>python.log 2>&1; then touch python/.done
  else echo "setup_sdks: pip cannot install openai and anthropic; see $folder/python.log" >&2; failed=1; fi
fi
if [ ! -f ai/.done ]; then
  mkdir -p ai
  [ -f ai/package.json ] || echo '{"private":true,"type":"module"}' >ai/package.json
  if (cd ai && npm install --no-audit --no-fund --loglevel=error ai@7.0.173 @ai-sdk/openai@4.0.118 @ai-sdk/anthropic@4.0.105 \
      @ai-sdk/openai-compatible@3.0.92 zod@4.6.7) >ai.log 2>&1; then touch ai/.done
  else echo "setup_sdks: npm cannot install ai; see $folder/ai.log" >&2; failed=1; fi
fi
exit $failed
