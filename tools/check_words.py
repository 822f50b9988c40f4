#!/usr/bin/env python3
"""Checks that words which many places share are spelled in one table only.

    tools/check_words.py [ROOT]

Role names stand in words/names.h, file names of the run directory in record/logs/layout.h (and words/results.h), limits on
model calls in words/call_limits.h. One role's name may be said anywhere (a config section is called so too); a file
that says "attacker", which only roles are called, and two others has a table of its own. Prints one line per fault and exits with 1 when there is one.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import sys

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def code_of(file):
    text = re.sub(r'R"\((.*?)\)"', '""', file.read_text(), flags=re.S)  # raw strings hold other languages: Python of the notebook
    return "\n".join(re.sub(r"^\s*//.*|\s///?<?\s.*$", "", line) for line in text.splitlines())


def words_of(file, enum):
    table = re.search(r"kWords<" + enum + r"> = \{(.*?)\};", file.read_text(), re.S)
    return set(LITERAL.findall(table.group(1)))


def file_names(*tables):
    names = {name for table in tables for name in re.findall(r'string_view k\w+ = "([^"]+)"', table.read_text())}
    return {name for name in names if "." in name[1:]}  # folders and stems are words of other things too


def faults(root):
    source = root / "src"
    roles = words_of(source / "words/names.h", "Role")
    layout = [source / "record/logs/layout.h", source / "words/results.h"]
    files = file_names(*layout)
    limits = words_of(source / "words/call_limits.h", "CallLimit")
    if len(roles) < 5 or len(files) < 10 or len(limits) < 5:
        yield "the tables that this check reads are not where it looks for them"
    for file in sorted([*source.rglob("*.cc"), *source.rglob("*.h")]):
        name = file.relative_to(source).as_posix()
        said = set(LITERAL.findall(code_of(file)))
        if name != "words/names.h" and "attacker" in said and len(said & roles) >= 3:
            yield f"src/{name}: has a table of role names; kWords<Role> in words/names.h is it"
        if file not in layout and not name.startswith("parts/environments"):
            for spelled in sorted(said & files):
                yield f'src/{name}: spells "{spelled}"; record/logs/layout.h has its name'
        if name != "words/call_limits.h" and said >= limits:  # one of them is a stop's or a wire's word too
            yield f"src/{name}: has a table of the limits on calls; words/call_limits.h is it"


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(found) if found else "every shared word stands in one table")
    sys.exit(1 if found else 0)
