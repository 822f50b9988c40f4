"""Holds the rows of runs against those of a native run: same outcome, same success, for every trial.

    same_rows.py NATIVE RUN...      run directories

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import sys

KEYS = ("outcome", "task_success", "exposed", "attempted", "executed", "blocked")


def rows(run):
    out = {}
    for line in (pathlib.Path(run) / "trials.jsonl").read_text().splitlines():
        row = json.loads(line)
        attack = row.get("attack") or {}
        flat = {**row, **{k: attack.get(k) for k in ("exposed", "attempted", "executed", "blocked")}}
        out[(row["cell"], row["task"], row["seed"], row["trial"])] = ({k: flat.get(k) for k in KEYS}, row.get("error"))
    return out


def main():
    native, bad = rows(sys.argv[1]), 0
    for run in sys.argv[2:]:
        theirs = rows(run)
        assert theirs.keys() == native.keys(), run
        differ = [(k, native[k][0], theirs[k]) for k in native if native[k][0] != theirs[k][0]]
        succeeded = sum(r[0]["outcome"] == "attack_succeeded" for r in theirs.values())
        solved = sum(r[0]["task_success"] is True for r in theirs.values())
        print(f"{run}: {len(theirs)} trials, {succeeded} attacks succeeded, {solved} tasks solved, {len(differ)} rows differ")
        for key, a, b in differ[:5]:
            print("  ", key, a, b)
        bad += len(differ)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
