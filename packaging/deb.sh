#!/usr/bin/env bash
# Makes dist/xsweep_VERSION_ARCH.deb from a tree that `cmake --install` filled.
#   packaging/deb.sh BINARY VERSION       e.g. build/release/xsweep 0.1.0
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$1 version=$2
arch=$(dpkg --print-architecture)
tree=build/deb
rm -rf "$tree" && mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/share/doc/xsweep" "$tree/usr/share/man/man1" "$tree/usr/share/xsweep"
install -m 755 "$binary" "$tree/usr/bin/xsweep"
strip --remove-section=.comment --remove-section=.note "$tree/usr/bin/xsweep"
[[ -f tools/xsweep_bridge.py ]] && install -m 644 tools/xsweep_bridge.py "$tree/usr/share/xsweep/"

# The libraries that the binary really asks for, by the packages that own them.
mkdir -p build/deb-depends/debian
printf 'Source: xsweep\n\nPackage: xsweep\nArchitecture: any\n' > build/deb-depends/debian/control
depends=$(cd build/deb-depends && dpkg-shlibdeps -O "$OLDPWD/$tree/usr/bin/xsweep" 2>/dev/null | sed 's/^shlibs:Depends=//')

date=$(git log -1 --format=%aD 2>/dev/null || date -R)
maintainer="xsweep maintainers <maintainers@xsweep.invalid>"
printf 'xsweep (%s) unstable; urgency=low\n\n  * See the history of the repository.\n\n -- %s  %s\n' "$version" "$maintainer" "$date" |
  gzip -9n > "$tree/usr/share/doc/xsweep/changelog.gz"
cat > "$tree/usr/share/doc/xsweep/copyright" <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: xsweep

Files: *
Copyright: 2026 the xsweep authors
License: Apache-2.0
 On Debian systems the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
TEXT
packaging/man.sh "$binary" "$version" | gzip -9n > "$tree/usr/share/man/man1/xsweep.1.gz"

cat > "$tree/DEBIAN/control" <<TEXT
Package: xsweep
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Depends: $depends
Recommends: libcurl4, gnuplot-nox, git
Section: science
Priority: optional
Description: adversarial experiments on tool-using AI agents
 A YAML config names an environment, an agent, an attack, a defense and a
 judge; xsweep sweeps it over a grid, seeds and trials, keeps everything that
 is needed to understand and repeat a run, and says with intervals what came
 of it.
TEXT
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f ! -name xsweep -exec chmod 644 {} +
mkdir -p dist
package=dist/xsweep_${version}_$arch.deb
dpkg-deb --root-owner-group --build "$tree" "$package.part" > /dev/null
mv "$package.part" "$package"
echo "$package"
