#!/usr/bin/env bash
# The steps of action.yml, so that they can be tried without GitHub: `install`, then `run`.
# Reads CONFIG, ARGS, OUTDIR, INSUFFICIENT, VERSION, WHEEL; writes to GITHUB_PATH, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY where they are set.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
venv=${XSWEEP_ACTION_VENV:-${RUNNER_TEMP:-/tmp}/xsweep-venv}

install() {
  local what=${WHEEL:-xsweep-agents${VERSION:+==$VERSION}}
  python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "$what" || return 1
  "$venv/bin/xsweep" --help >/dev/null || return 1
  [[ -z ${GITHUB_PATH:-} ]] || echo "$venv/bin" >> "$GITHUB_PATH"
  # Pictures need gnuplot; a run without them says so and goes on.
  command -v gnuplot >/dev/null || [[ -z ${CI:-} ]] || ! command -v sudo >/dev/null || sudo apt-get install -y -qq --no-install-recommends gnuplot-nox || true
}

# What GitHub shows: the job summary where there are gates, the notes otherwise.
summary() {
  local run=$1 text
  for text in "$run/job_summary.md" "$run/notes.md"; do
    [[ -f $text ]] || continue
    [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat "$text" >> "$GITHUB_STEP_SUMMARY"
    return
  done
}

run() {
  export PATH=$venv/bin:$PATH
  local outdir=${OUTDIR:-results} started status latest
  mkdir -p "$outdir"
  started=$(mktemp)
  # shellcheck disable=SC2086  # flags are split as a shell splits words
  xsweep run "$CONFIG" --outdir "$outdir" ${ARGS:-}
  status=$?
  # The run that this call made: the newest run.json that is younger than its start.
  latest=$(find "$outdir" -mindepth 3 -maxdepth 3 -name run.json -newer "$started" ! -path '*/latest/*' -printf '%T@ %h\n' 2>/dev/null | sort -n | tail -1 | cut -d' ' -f2-)
  rm -f "$started"
  if [[ -n $latest ]]; then
    summary "$latest"
    xsweep export "$latest" --format sarif --out "$latest" >/dev/null 2>&1 || true
  fi
  local verdict=NONE
  case $status in
    0) verdict=$(grep -qs '"verdict": *"PASS"' "$latest/run.json" && echo PASS || echo NONE) ;;
    1) verdict=FAIL ;;
    3) verdict=INSUFFICIENT ;;
    4) verdict=INVALID ;;
  esac
  [[ -z ${GITHUB_OUTPUT:-} ]] || printf 'verdict=%s\nrun=%s\n' "$verdict" "$latest" >> "$GITHUB_OUTPUT"
  [[ $status -eq 3 && ${INSUFFICIENT:-fail} == pass ]] && status=0
  return "$status"
}

case ${1:-} in
  install) install ;;
  run) run ;;
  *) echo "usage: action.sh install|run" >&2; exit 2 ;;
esac
