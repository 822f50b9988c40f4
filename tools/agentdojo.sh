#!/usr/bin/env bash
# Installs AgentDojo (PyPI, MIT) into build/venv-agentdojo, for the environment `python` and the parity test. Nothing of
# it is committed. Prints the Python to run the worker with.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=${AGENTDOJO_VERSION:-0.1.35}
VENV=build/venv-agentdojo
if [ ! -f "$VENV/installed-$VERSION" ]; then
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "agentdojo==$VERSION"
  touch "$VENV/installed-$VERSION"
fi
echo "$VENV/bin/python"
