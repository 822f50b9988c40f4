#!/usr/bin/env bash
# Builds build/portable/xsweep-bin, which runs on any Linux with glibc 2.28 or newer (RHEL 8, Debian 10, Ubuntu 18.10 and later) and needs
# nothing but that: zig's clang and libc++ (from PyPI) for the old glibc, the C++ libraries from Debian's sources, linked statically.
# libcurl is still opened at run time, as in every build.
#   tools/portable.sh            needs tools/setup.sh to have run, and root or sudo for nothing
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/portable
prefix=$root/prefix
zig=0.15.2
glibc=2.28
target=$(uname -m)-linux-gnu.$glibc
mkdir -p "$root/bin" "$root/src" "$prefix/include" "$prefix/lib/pkgconfig"

if [[ ! -x $root/venv/bin/python ]] || ! "$root/venv/bin/python" -m ziglang version 2>/dev/null | grep -qx "$zig"; then
  echo "portable: setting up ziglang $zig"
  python3 -m venv "$root/venv"
  "$root/venv/bin/pip" install --quiet --disable-pip-version-check "ziglang==$zig"
fi
for tool in cc c++ ar ranlib; do
  flags=""
  [[ $tool == c* ]] && flags="-target $target"
  # zig's libc++ has neither std::result_of nor std::unary_function in C++23, which Debian's Boost takes unless it is told.
  [[ $tool == c++ ]] && flags+=" -DBOOST_ASIO_HAS_STD_INVOKE_RESULT=1 -DBOOST_NO_CXX98_FUNCTION_BASE=1"
  printf '#!/bin/sh\nexec "%s" -m ziglang %s %s "$@"\n' "$root/venv/bin/python" "$tool" "$flags" > "$root/bin/zig-$tool"
  chmod +x "$root/bin/zig-$tool"
done
zig_cmake=(-G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_COMPILER=$root/bin/zig-cc" "-DCMAKE_CXX_COMPILER=$root/bin/zig-c++"
           "-DCMAKE_AR=$root/bin/zig-ar" "-DCMAKE_RANLIB=$root/bin/zig-ranlib")

# The C++ libraries: Debian's sources by name. A list of sources of our own leaves the system's as it is.
fetch() {
  local lists=$root/apt
  mkdir -p "$lists/lists/partial" "$lists/archives/partial"
  {
    sed -nE 's/^deb ([^#]*)/deb-src \1/p' /etc/apt/sources.list 2>/dev/null || true
  } > "$lists/sources.list"
  rm -rf "$lists/sources.list.d" && mkdir "$lists/sources.list.d"
  [[ -f /etc/apt/sources.list.d/debian.sources ]] &&
    sed 's/^Types: .*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > "$lists/sources.list.d/debian.sources"
  local options=(-o "Dir::Etc::SourceList=$lists/sources.list" -o "Dir::Etc::SourceParts=$lists/sources.list.d"
                 -o "Dir::State::Lists=$lists/lists" -o APT::Sandbox::User=)
  apt-get -qq "${options[@]}" update
  (cd "$root/src" && apt-get -qq "${options[@]}" source --download-only yaml-cpp simdjson fmtlib)
  local archive
  for archive in "$root"/src/*.orig.tar.*z; do tar -C "$root/src" -xf "$archive"; done
}
library() {  # name of the folder, file that it leaves, more flags for CMake
  local name=$1 leaves=$2
  shift 2
  [[ -f $prefix/lib/$leaves ]] && return
  local source
  source=$(ls -d "$root"/src/*"$name"*/ 2>/dev/null | head -1) || true
  [[ -n $source ]] || { fetch; source=$(ls -d "$root"/src/*"$name"*/ | head -1); }
  echo "portable: building $name"
  cmake -S "$source" -B "$root/build-$name" "${zig_cmake[@]}" "-DCMAKE_INSTALL_PREFIX=$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
    -DBUILD_SHARED_LIBS=OFF "$@" > "$root/$name.log"
  cmake --build "$root/build-$name" --target install >> "$root/$name.log" 2>&1 || { tail -20 "$root/$name.log" >&2; exit 1; }
}
library yaml-cpp libyaml-cpp.a -DYAML_CPP_BUILD_TESTS=OFF -DYAML_CPP_BUILD_TOOLS=OFF
library fmt libfmt.a -DFMT_TEST=OFF -DFMT_DOC=OFF
# Its kernel for AVX-512 needs a compiler flag that this clang no longer takes; AVX2 is chosen at run time.
library simdjson libsimdjson.a -DCMAKE_CXX_FLAGS=-DSIMDJSON_IMPLEMENTATION_ICELAKE=0

# Headers of what is header-only or plain C come from the installed packages, one by one: all of /usr/include would bring its glibc.
arch_include=/usr/include/$(uname -m)-linux-gnu
for header in boost CLI xxhash.h xxh3.h zlib.h zstd.h zstd_errors.h zdict.h; do ln -sfn "/usr/include/$header" "$prefix/include/$header"; done
ln -sfn "$(ls "$arch_include/zconf.h" /usr/include/zconf.h 2>/dev/null | head -1)" "$prefix/include/zconf.h"
ln -sfn "$(ls -d "$arch_include/curl" /usr/include/curl 2>/dev/null | head -1)" "$prefix/include/curl"
mkdir -p "$prefix/include/openssl"
ln -sf /usr/include/openssl/* "$arch_include"/openssl/* "$prefix/include/openssl/"
cp "/usr/lib/$(uname -m)-linux-gnu"/{libcrypto.a,libz.a,libzstd.a} "$prefix/lib/"
cat > "$prefix/lib/pkgconfig/libzstd.pc" <<PC
prefix=$prefix
Name: zstd
Description: the static library
Version: $(pkg-config --modversion libzstd)
Libs: -L\${prefix}/lib -lzstd
Cflags: -I\${prefix}/include
PC

# zig asks libc++ for std::unexpected() of C++14, which is in the way of std::unexpected of C++23. ccache does not know its clang.
PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig cmake -S . -B "$root/xsweep" "${zig_cmake[@]}" "-DCMAKE_PREFIX_PATH=$prefix" -DCCACHE=OFF \
  "-DCMAKE_CXX_FLAGS=-isystem $prefix/include -U_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS" "-DCMAKE_CXX_FLAGS_RELEASE=-O2" -DXSWEEP_PORTABLE=ON \
  "-DOPENSSL_CRYPTO_LIBRARY=$prefix/lib/libcrypto.a" "-DOPENSSL_SSL_LIBRARY=$prefix/lib/libcrypto.a" "-DOPENSSL_INCLUDE_DIR=$prefix/include" \
  "-DZLIB_LIBRARY=$prefix/lib/libz.a" "-DZLIB_INCLUDE_DIR=$prefix/include" \
  "-DCURL_INCLUDE_DIR=$prefix/include" "-DCURL_LIBRARY=$prefix/lib/libcrypto.a" "-DBoost_INCLUDE_DIR=$prefix/include" -DBoost_NO_BOOST_CMAKE=ON \
  -DXSWEEP_BENCH=OFF -DBUILD_TESTING=OFF > "$root/configure.log"
cmake --build "$root/xsweep" --target xsweep
strip -o "$root/xsweep-bin" "$root/xsweep/xsweep"
floor=$(objdump -T "$root/xsweep-bin" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
echo "portable: build/portable/xsweep-bin needs $floor"
[[ $(printf '%s\n' "GLIBC_$glibc" "$floor" | sort -V | tail -1) == "GLIBC_$glibc" ]] || { echo "portable: that is above $glibc" >&2; exit 1; }
