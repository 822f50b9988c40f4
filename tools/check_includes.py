#!/usr/bin/env python3
"""Checks that includes go one way only, that there are no circles, and that third-party libraries stay in their rooms.

    tools/check_includes.py [ROOT]

Prints one line per fault and exits with 1 when there is one.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import sys

# folder -> folders under src/ that it may include (its own is always allowed); the design's table.
MAY_INCLUDE = {
    "base": set(),
    "config": {"base"},
    "plan": {"base", "config"},
    "episode": {"base"},
    "record": {"base"},
    "engine": {"base", "config", "plan", "episode", "record"},
    "analyze": {"base", "record"},
    "present": {"base", "record", "analyze"},
    "publish": {"base", "record"},
    "serve": {"base", "record", "analyze", "present"},
    "parts": {"base", "episode"},
    "cli": {"base", "config", "plan", "episode", "record", "engine", "analyze", "present", "publish", "serve", "parts"},
}
# Third-party headers that stay in the folders that own the library.
OWNERS = {
    "yaml-cpp/": {"config"},
    "CLI/": {"cli"},
    "curl/": {"base"},
    "simdjson": {"base", "analyze", "parts"},
    "boost/": {"analyze", "parts"},
    "zstd": {"record"},
    "openssl/": {"base", "parts"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def faults(root: pathlib.Path):
    source = root / "src"
    graph = {}
    for file in sorted([*source.rglob("*.cc"), *source.rglob("*.h")]):
        name = file.relative_to(source).as_posix()
        folder = name.split("/")[0] if "/" in name else "main"
        graph[name] = set()
        for quote, target in INCLUDE.findall(file.read_text()):
            if quote == "<":
                for prefix, owners in OWNERS.items():
                    if target.startswith(prefix) and folder not in owners:
                        yield f"src/{name}: <{target}> belongs to {', '.join(sorted(owners))}"
                continue
            if not (source / target).exists():
                yield f'src/{name}: "{target}" is not rooted at src/'
                continue
            graph[name].add(target)
            there = target.split("/")[0]
            if folder not in ("main", there) and there not in MAY_INCLUDE.get(folder, set()):
                yield f"src/{name}: {folder} may not include {there} ({target})"
            part = re.match(r"parts/(environments|agents|attacks|defenses|judges|providers)/", target)
            if part and folder == "parts" and name not in ("parts/catalog.cc",) and not name.startswith(part.group(0)):
                yield f"src/{name}: parts do not include parts of another role ({target})"
    yield from circles(graph)


def circles(graph):
    state = {}

    def visit(node, path):
        state[node] = "open"
        for target in sorted(graph.get(node, ())):
            if state.get(target) == "open":
                start = path.index(target) if target in path else 0
                yield "circle: " + " -> ".join([*path[start:], target])
            elif target not in state:
                yield from visit(target, [*path, target])
        state[node] = "done"

    for node in graph:
        if node not in state:
            yield from visit(node, [node])


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(found) if found else "includes go one way")
    sys.exit(1 if found else 0)
