#!/usr/bin/env bash
# Executes the notebook of a run in a stock Jupyter, with and without pandas and matplotlib.
#   tools/check_notebook.sh RUN_DIRECTORY
# Jupyter comes from PyPI into a virtual environment (NOTEBOOK_VENV, default build/notebook-venv).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

run=${1:?"usage: tools/check_notebook.sh RUN_DIRECTORY"}
venv=$(realpath -m "${NOTEBOOK_VENV:-$(dirname "$0")/../build/notebook-venv}")
[[ -f $run/notebook.ipynb ]] || { echo "check_notebook: $run has no notebook.ipynb; xsweep report writes it" >&2; exit 1; }

if [[ ! -x $venv/bin/jupyter ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet nbconvert nbformat ipykernel jupyter-core
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

execute() {
  "$venv/bin/python" -c 'import sys, nbformat; nbformat.validate(nbformat.read(sys.argv[1], as_version=4))' "$run/notebook.ipynb"
  cp "$run"/notebook.ipynb "$run"/summary.csv "$run"/trials.jsonl "$scratch/"
  (cd "$scratch" && "$venv/bin/jupyter" nbconvert --log-level=ERROR --to notebook --execute notebook.ipynb --output executed.ipynb)
  echo "check_notebook: executed $1"
}

"$venv/bin/pip" uninstall --quiet --yes pandas matplotlib 2>/dev/null || true
execute "with plain Python"
"$venv/bin/pip" install --quiet pandas matplotlib
execute "with pandas and matplotlib"
