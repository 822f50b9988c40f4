#!/usr/bin/env python3
"""Checks that what the documentation names is there: links between pages, paths of configs, examples and sources, and rooms (`net/client/http`).

    tools/check_docs.py [ROOT]

Prints one line per fault and exits with 1 when there is one.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
PATH = re.compile(r"(?<![\w./-])((?:bench|configs|docs|examples|fuzz|packaging|src|tests|tools|web)/[\w./-]*\w\.(?:cc|h|md|mjs|py|sh|ts|tsx|yaml|zst))")

ROOM = re.compile(r"`((?:[a-z_]+/)+[a-z_0-9]+)(?:\.h|\.cc)?`")


def is_room(source, name):
    return (source / name).is_dir() or any((source / f"{name}{end}").exists() for end in (".h", ".cc"))


def faults(root):
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("examples/**/*.md")]
    if len(pages) < 10:
        yield "the pages that this check reads are not where it looks for them"
    for page in sorted(pages):
        text = page.read_text()
        for link in LINK.findall(text):
            if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists():
                yield f"{page.relative_to(root)}: links to {link}, which is not there"
        for path in PATH.findall(text):
            if not (root / path).exists():
                yield f"{page.relative_to(root)}: names {path}, which is not there"
        for room in ROOM.findall(text):
            # x stands for whatever somebody adds.
            in_source = (root / "src" / room.split("/")[0]).is_dir() and not re.search(r"(/|_)x$", room)
            if in_source and not is_room(root / "src", room):
                yield f"{page.relative_to(root)}: names the room {room}, which is not there"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = sorted(set(faults(root)))
    print("\n".join(found) if found else "every file that the documentation names is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
