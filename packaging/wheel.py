#!/usr/bin/env python3
"""Puts a binary into a wheel: pip lays it beside python as `xsweep`, and no Python of ours is involved.

    packaging/wheel.py BINARY VERSION GLIBC [OUTDIR]      e.g. build/portable/xsweep-bin 0.1.0 2.28 dist

Writes OUTDIR/xsweep_agents-VERSION-py3-none-manylinux_<GLIBC>_<machine>.whl and prints its path. The wheel is the same
bytes for the same binary (times are fixed), and carries our licence and those of the libraries that are linked in.
"""
# SPDX-License-Identifier: Apache-2.0
import base64
import hashlib
import pathlib
import platform
import sys
import zipfile

NAME = "xsweep_agents"
ROOT = pathlib.Path(__file__).resolve().parent.parent
METADATA = """Metadata-Version: 2.1
Name: xsweep-agents
Version: {version}
Summary: Adversarial experiments on tool-using AI agents: sweep attacks and defenses, with intervals
License: Apache-2.0
Requires-Python: >=3.8
Classifier: Environment :: Console
Classifier: Operating System :: POSIX :: Linux
Description-Content-Type: text/markdown

{readme}"""
WHEEL = """Wheel-Version: 1.0
Generator: xsweep packaging/wheel.py
Root-Is-Purelib: false
Tag: {tag}
"""
# Debian's packages whose code is in the binary; their licences are read where they were installed.
LINKED = ["libyaml-cpp-dev", "libsimdjson-dev", "libfmt-dev", "libssl-dev", "libzstd-dev", "zlib1g-dev", "libcli11-dev", "libboost-dev", "libxxhash-dev"]


def members(binary, version, tag):
    info = f"{NAME}-{version}.dist-info"
    yield f"{NAME}-{version}.data/scripts/xsweep", binary.read_bytes(), 0o755
    bridge = ROOT / "tools" / "xsweep_bridge.py"
    if bridge.exists():
        yield f"{NAME}-{version}.data/data/share/xsweep/xsweep_bridge.py", bridge.read_bytes(), 0o644
    readme = (ROOT / "README.md").read_text()
    yield f"{info}/METADATA", METADATA.format(version=version, readme=readme).encode(), 0o644
    yield f"{info}/WHEEL", WHEEL.format(tag=tag).encode(), 0o644
    yield f"{info}/licenses/LICENSE", (ROOT / "LICENSE").read_bytes(), 0o644
    for package in LINKED:
        text = pathlib.Path("/usr/share/doc", package, "copyright")
        if text.exists():
            yield f"{info}/licenses/{package}.txt", text.read_bytes(), 0o644


def write(binary, version, glibc, outdir):
    tag = f"py3-none-manylinux_{glibc.replace('.', '_')}_{platform.machine()}"
    outdir.mkdir(parents=True, exist_ok=True)
    wheel = outdir / f"{NAME}-{version}-{tag}.whl"
    record = []
    part = wheel.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        def add(name, data, mode):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)

        for name, data, mode in members(binary, version, tag):
            add(name, data, mode)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}")
        of_record = f"{NAME}-{version}.dist-info/RECORD"
        add(of_record, "\n".join([*record, f"{of_record},,", ""]).encode(), 0o644)
    part.rename(wheel)
    return wheel


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    print(write(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4] if len(sys.argv) == 5 else "dist")))
