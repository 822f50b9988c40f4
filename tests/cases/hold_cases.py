#!/usr/bin/env python3
"""Runs the cases and compares what falls short with what not_due.txt says is not yet due.

    tests/cases/hold_cases.py BINARY CASES_DIR

The list can only shrink: a listed case that passes is a fault too, and the line to delete is printed.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import subprocess
import sys

LIST = pathlib.Path(__file__).with_name("not_due.txt")
LINE = re.compile(r"^(ok|FALLS SHORT|n/a) +(\S+) \([0-9.]+ s\)(?:: (.*))?$")


def not_due():
    lines = [line.strip() for line in LIST.read_text().splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    if names != sorted(set(names)):
        sys.exit(f"{LIST}: not sorted, or a name stands twice")
    return set(names)


def run(binary, cases, only="*"):
    """{case: (verdict, why)}; ends the test where the runner itself does not come to its last line."""
    done = subprocess.run([sys.executable, f"{cases}/run_cases.py", "--binary", binary, "--only", only, cases],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = {m[2]: (m[1], m[3] or "") for m in map(LINE.match, done.stdout.splitlines()) if m}
    if not found or not re.search(r"^\d+ passed, \d+ failed$", done.stdout, re.MULTILINE):
        sys.exit("the runner did not finish:\n" + done.stdout[-2000:])
    return found


def main():
    binary, cases = sys.argv[1:3]
    listed, found = not_due(), run(*sys.argv[1:3])
    faults = 0
    for name in sorted(listed - found.keys()):
        faults += 1
        print(f"{LIST.name}: there is no case {name}; delete its line")
    for name, (verdict, why) in sorted(found.items()):
        if verdict == "FALLS SHORT" and name not in listed:
            # Once more by itself: a machine that is busy with all of them at once is no fault of one.
            verdict, why = run(binary, cases, name)[name]
        if verdict == "FALLS SHORT" and name not in listed:
            faults += 1
            print(f"FALLS SHORT {name}: {why}")
        elif verdict == "ok" and name in listed:
            faults += 1
            print(f"{name} passes now: delete its line from tests/cases/{LIST.name}")
    absent = [name for name, (verdict, _) in found.items() if verdict == "n/a"]
    if absent:
        print(f"{len(absent)} cases cannot be run here, first {absent[0]}: {found[absent[0]][1]}")
    passed = sum(verdict == "ok" for verdict, _ in found.values())
    print(f"{len(found)} cases, {passed} pass, {len(listed)} listed as not due, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
