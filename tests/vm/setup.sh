#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what one of our make targets needs and this machine lacks:
#     tests/vm/setup.sh build | demo | check | arm64 | matrix
# Quick and silent when nothing is missing.
set -eu

# crash brings /usr/include/crash/defs.h, which needs zlib's header.
build="crash gcc libc6-dev libelf-dev libjsmn-dev make zlib1g-dev"
demo="$build busybox-static debian-archive-keyring iproute2 kmod python3 qemu-system-x86"
check="$demo binutils clang dwarves groff-base libclang-rt-14-dev libcmocka-dev llvm jq makedumpfile python3-jsonschema python3-pytest python3-pytest-xdist"
arm64="$check gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm qemu-user"
matrix="$check debhelper debootstrap dpkg-dev rpm"

case "${1-}" in
    build) wanted=$build ;;
    demo) wanted=$demo ;;
    check) wanted=$check ;;
    arm64) wanted=$arm64 ;;
    matrix) wanted=$matrix ;;
    *) echo "usage: $0 build|demo|check|arm64|matrix" >&2; exit 2 ;;
esac

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "$0: these packages are missing; as root, run:" >&2
    echo "    apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A fresh machine has no package lists, and an old list names versions that are gone.
# shellcheck disable=SC2086
if ! { apt-get -q update && apt-get -q -y --no-install-recommends install $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "$0: could not install$missing" >&2
    exit 1
fi
