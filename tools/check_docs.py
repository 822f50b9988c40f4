#!/usr/bin/env python3
"""Checks that the files which the documentation names are there: links between pages, and paths of configs, examples and sources.

    tools/check_docs.py [ROOT]

Prints one line per fault and exits with 1 when there is one.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
PATH = re.compile(r"(?<![\w./-])((?:bench|configs|docs|examples|fuzz|packaging|src|tests|tools|web)/[\w./-]*\w\.(?:cc|h|md|mjs|py|sh|ts|tsx|yaml|zst))")


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


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = sorted(set(faults(root)))
    print("\n".join(found) if found else "every file that the documentation names is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
