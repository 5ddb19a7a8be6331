#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: make-packages.sh DIRECTORY      builds the packages of the Debian that this runs on, in DIRECTORY/packages
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
export CFLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS)"
export LDFLAGS="$(dpkg-buildflags --get LDFLAGS)"
rm -rf "$1/packages"
cmake -S "$top" -B "$1" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=Release -DMAILTRACE_TESTS=OFF -DMAILTRACE_PACKAGES=ON
cmake --build "$1" --target package
