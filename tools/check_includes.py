#!/usr/bin/env python3
"""Checks that includes go one way only, that there are no circles of rooms or folders, and that libraries stay at home.

    tools/check_includes.py [--table] [ROOT]

A room is a header with its .cc. With --table only the table of folders is held against that of ARCHITECTURE.md. Prints one line per fault and exits with 1 when there is one.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import sys

# folder -> folders under src/ that it may include; its own and those of EVERYWHERE always. "x/*" is x with all below it. ARCHITECTURE.md has the same table.
EVERYWHERE = {"base", "base/options", "base/system", "words"}
MAY_INCLUDE = {
    "base": "", "base/options": "base", "base/system": "base", "words": "base",
    "net": "", "net/client": "net", "stats": "", "python": "", "config": "",
    "record": "record/logs record/transcripts", "record/logs": "", "record/transcripts": "record/logs",
    "episode": "net python",
    "mcp": "net/* episode", "publish": "net/* record/*", "plan": "config",
    "models": "models/* episode net/* record/*",
    "models/replies": "episode", "models/wires": "models/replies episode net/*",
    "models/batches": "models/recordings models/replies models/wires episode net/* record/logs",
    "models/recordings": "models/replies models/wires episode record/logs",
    "analyze": "stats record/*", "analyze/comparison": "analyze stats record/*", "analyze/gates": "analyze analyze/comparison stats",
    "foreign": "episode record/*", "foreign/writers": "foreign episode record/* net/*",
    "engine": "config plan episode net record/*",
    "relay": "relay/wires episode models/* net/*", "relay/wires": "episode models/replies models/wires net",
    "pictures": "analyze/* record/*", "present": "stats analyze/* record/* pictures",
    "page": "net record/* analyze/* pictures present",
    "parts/shared": "episode", "parts/environments": "episode python",
    "parts/agents": "episode parts/shared", "parts/judges": "episode parts/shared",
    "parts/attacks": "episode parts/shared python", "parts/defenses": "episode parts/shared net",
    "parts/agents/external": "parts/agents parts/shared episode net/* mcp models/* relay",
    "parts/environments/world": "parts/environments episode python",
    "parts/environments/airline": "parts/environments/world episode python",
    "parts/environments/retail": "parts/environments/world episode python",
    "parts/environments/declared": "parts/environments parts/shared episode net mcp relay",
    "parts/environments/bridge": "parts/environments/declared parts/environments episode net",
    "parts": "models episode parts/*",
    "sweep/open": "config episode record/* stats plan models/* analyze/* engine net/* relay parts/*",
    "sweep": "sweep/open config episode record/* stats plan models/* analyze/* engine present page net/* parts/*",
    "sweep/again": "sweep sweep/open config episode record/* plan models/* analyze/* engine net/* parts/*",
    "sweep/foreign": "sweep sweep/open config episode record/* stats plan analyze/* foreign/* present parts/*",
    "checks": "sweep/* parts/* mcp models/* net/* engine config episode record/* plan",
    "cli": "*", "main": "*",
}
# Third-party headers that stay in the folders that own the library.
OWNERS = {
    "yaml-cpp/": {"config"},
    "CLI/": {"cli"},
    "curl/": {"net/client"},
    "simdjson": {"base", "parts/environments/world", "foreign"},
    "boost/math": {"stats"},
    "boost/beast": {"net"},
    "boost/": {"python", "parts/environments/world"},
    "zstd": {"record/logs", "record/transcripts", "foreign"}, "zlib": {"base", "foreign"},
    "openssl/": {"base", "parts/environments/world"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folder_of(name):
    return name.rsplit("/", 1)[0] if "/" in name else "main"


def may(folder, there):
    if there == folder or there in EVERYWHERE and folder not in EVERYWHERE:
        return True
    for allowed in MAY_INCLUDE.get(folder, "").split():
        if allowed in ("*", there) or allowed.endswith("/*") and f"{there}/".startswith(allowed[:-1]):
            return True
    return False


def faults(root: pathlib.Path):
    source = root / "src"
    rooms, folders = {}, {}
    for file in sorted([*source.rglob("*.cc"), *source.rglob("*.h")]):
        name = file.relative_to(source).as_posix()
        folder, room = folder_of(name), name.rsplit(".", 1)[0]
        if folder not in MAY_INCLUDE:
            yield f"src/{name}: {folder} is not in the table"
        for quote, target in INCLUDE.findall(file.read_text()):
            if quote == "<":
                owners = next((homes for prefix, homes in OWNERS.items() if target.startswith(prefix)), None)
                if owners is not None and folder not in owners:
                    yield f"src/{name}: <{target}> belongs to {', '.join(sorted(owners))}"
                continue
            if not (source / target).exists():
                yield f'src/{name}: "{target}" is not rooted at src/'
                continue
            there = folder_of(target)
            if not may(folder, there):
                yield f"src/{name}: {folder} may not include {there} ({target})"
            if target.rsplit(".", 1)[0] != room:
                rooms.setdefault(room, set()).add(target.rsplit(".", 1)[0])
            if there != folder:
                folders.setdefault(folder, set()).add(there)
    yield from circles(rooms, "rooms")
    yield from circles(folders, "folders")


def circles(graph, of):
    state = {}

    def visit(node, path):
        state[node] = "open"
        for target in sorted(graph.get(node, ())):
            if state.get(target) == "open":
                start = path.index(target) if target in path else 0
                yield f"circle of {of}: " + " -> ".join([*path[start:], target])
            elif target not in state:
                yield from visit(target, [*path, target])
        state[node] = "done"

    for node in list(graph):
        if node not in state:
            yield from visit(node, [node])


ROW = re.compile(r"^\| `(?:src/)?([\w/]+?)/?` \|.*\| ([^|]*) \|$", re.M)


def table_faults(root: pathlib.Path):
    """ARCHITECTURE.md lists every folder with what it may include, as the table above does."""
    written = {folder: set(re.findall(r"[\w/*]+", may)) for folder, may in ROW.findall((root / "ARCHITECTURE.md").read_text())}
    folders = {folder_of(file.relative_to(root / "src").as_posix()) for file in (root / "src").rglob("*.h")}
    for folder in sorted(folders | set(written)):
        wanted = {"all"} if MAY_INCLUDE.get(folder) == "*" else set(MAY_INCLUDE.get(folder, "").split())
        if folder not in written:
            yield f"ARCHITECTURE.md: its table has no row for {folder}"
        elif folder not in MAY_INCLUDE:
            yield f"ARCHITECTURE.md: {folder} is not in the table of tools/check_includes.py"
        elif written[folder] != wanted:
            yield f"ARCHITECTURE.md: {folder} may include {' '.join(sorted(wanted)) or '-'}, not {' '.join(sorted(written[folder])) or '-'}"


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--table"]
    root = pathlib.Path(arguments[0] if arguments else ".")
    found = list(table_faults(root) if "--table" in sys.argv else faults(root))
    print("\n".join(found) if found else "includes go one way")
    sys.exit(1 if found else 0)
