#!/usr/bin/env bash
# Builds the S3 server that the tests publish to, once, with Go: versitygw, which verifies signatures, as s3rver does not.
# Does nothing where one is installed. The tests look on PATH and in build/tools, and skip with a note where it is nowhere.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
command -v versitygw >/dev/null && exit 0
[[ -x build/tools/versitygw ]] && exit 0
command -v go >/dev/null || { echo "versitygw: neither it nor Go is here; tests against a verifying S3 server will be skipped" >&2; exit 3; }
# Go 1.21 and later fetch the release that the module asks for; Debian 12's own Go 1.19 cannot.
GOBIN=$PWD/build/tools GOFLAGS=-mod=mod go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 ||
  { echo "versitygw: could not be built; it needs Go 1.21 or later and its module proxy" >&2; exit 3; }
