#!/bin/sh
# Builds the page into web/dist, which the next C++ build embeds. Does nothing when it is up to date; without npm, or
# when the packages cannot be had, it says so and the build goes on without the page.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../web"
if [ -d dist ] && [ -z "$(find src build.mjs package.json package-lock.json tsconfig.json -newer dist 2>/dev/null)" ]; then
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "npm is not installed: xsweep is built without its page (serve shows data only, no report.html)" >&2
  exit 0
fi
if ! npm ci --no-audit --no-fund --silent; then
  echo "the page's packages could not be installed: xsweep is built without its page" >&2
  exit 0
fi
npx tsc --noEmit
node build.mjs
touch dist
