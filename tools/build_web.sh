#!/bin/sh
# Builds the page into web/dist, which the next C++ build embeds. Without npm it says so and changes nothing.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../web"
if ! command -v npm >/dev/null 2>&1; then
  echo "npm is not installed: xsweep is built without its page (serve shows data only, no report.html)" >&2
  exit 0
fi
npm ci --no-audit --no-fund
npx tsc --noEmit
node build.mjs
ls -l dist/assets
