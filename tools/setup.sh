#!/usr/bin/env bash
# Installs the Debian 12 packages that xsweep is built and tested with; does nothing when they are there.
#   tools/setup.sh          what `make build` and `make test` need
#   tools/setup.sh --dev    also what the full check needs: clang 19, Slurm, Chromium, faketime, nghttpd
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

packages=(
  g++ make cmake ninja-build ccache pkg-config git
  libyaml-cpp-dev libsimdjson-dev libfmt-dev libcli11-dev libcurl4-openssl-dev
  libssl-dev libxxhash-dev libzstd-dev zstd zlib1g-dev libboost-dev libboost-math-dev
  libcurl4 gnuplot-nox fonts-dejavu-core libgtest-dev libgmock-dev libbenchmark-dev
)
dev_packages=(
  clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev
  slurm-wlm munge chromium faketime nghttp2-server openssl python3-jsonschema python3-yaml
)

# Makes the program quicker and is not needed.
optional=libmimalloc-dev

wanted=("${packages[@]}" "$optional")
[[ "${1:-}" == "--dev" ]] && wanted+=("${dev_packages[@]}")

# One dpkg-query for all names keeps the usual case, nothing to do, under 50 ms.
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null | awk '$2 == "installed" {print $1}' || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qx -- "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

echo "setup: installing ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || [[ ${missing[*]} != "$optional" ]] || exit 0
  command -v sudo >/dev/null || { echo "setup: need root or sudo to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq || [[ ${missing[*]} == "$optional" ]]
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }
needed=()
for package in "${missing[@]}"; do
  [[ $package == "$optional" ]] && { install "$package" || echo "setup: goes on without $package"; continue; }
  needed+=("$package")
done
[[ ${#needed[@]} -eq 0 ]] || install "${needed[@]}"
