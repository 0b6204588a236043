#!/bin/sh
# Installs what Debian packages are missing: sh firmware-config/debian-packages.sh PURPOSE
#
#   run    what the package needs to be installed and to run; the demo brings its own broker and cameras
#   box    what a real box needs besides: hand scanners' library is compiled, sheets of tickets want fonts
#   test   what the tests need besides
#
# Asks nothing: installs as root or by a sudo that wants no password; otherwise prints the one line to copy and exits 1.
# Looks for what a package brings rather than for its name: names differ between Debian 12, 13 and Raspberry Pi OS,
# and what was built by hand counts too. When nothing is missing, apt is not called.
set -eu

purpose=${1:?"usage: debian-packages.sh run|box|test"}
python=${PYTHON:-python3}
PATH=$PATH:/usr/sbin:/sbin
found=
missing=

# need PACKAGE COMMAND...: the package is missing unless the command succeeds.
need() {
    package=$1
    shift
    if "$@" >/dev/null 2>&1; then found="$found $package"; else missing="$missing $package"; fi
}

has() { command -v "$1"; }
has_library() { ldconfig -p | grep -q -F "$1 "; }
has_venv() { "$python" -c 'import ensurepip, venv'; }
has_headers() { "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")'; }
has_libc_headers() { test -e /usr/include/stdio.h; }
has_chromium() { has chromium || has chromium-browser; }
has_postgresql() { has initdb || ls /usr/lib/postgresql/*/bin/initdb; }
has_font() { find /usr/share/fonts /usr/local/share/fonts "${HOME:-/root}/.fonts" -name "$1*" 2>/dev/null | grep -q .; }
has_cjk_font() { has_font NotoSansCJK || has_font DroidSansFallback || has_font ipag || has_font wqy; }

look() {
    found= missing=
    need python3 has "$python"
    need python3-venv has_venv
    # OpenCV's wheel is linked against these.
    need libgl1 has_library libGL.so.1
    need libglib2.0-0 has_library libgthread-2.0.so.0
    if [ "$purpose" != run ]; then
        # evdev has no wheel.
        need gcc has gcc
        need libc6-dev has_libc_headers
        need python3-dev has_headers
        # Names on printed sheets and on screens: Latin, Greek, Cyrillic and Arabic; Chinese, Japanese and Korean.
        need fonts-dejavu-core has_font DejaVuSans.ttf
        need fonts-droid-fallback has_cjk_font
    fi
    if [ "$purpose" = test ]; then
        need make has make
        need mosquitto has mosquitto
        need postgresql has_postgresql
        need mosquitto-clients has mosquitto_sub
        need chromium has_chromium
        need fonts-noto-cjk has_font NotoSansCJK-Regular.ttc
        need systemd has systemd-analyze
        need poppler-utils has pdftotext
    fi
}

install() {
    echo "Installing Debian packages:$missing" >&2
    # The lists may be old, or missing on a fresh card; without a network the packages may still be in the cache.
    $as_root apt-get update -qq >&2 || true
    # shellcheck disable=SC2086 # words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 $missing </dev/null >&2
}

case $purpose in
run | box | test) ;;
*)
    echo "debian-packages.sh: $purpose? It is run, box or test" >&2
    exit 2
    ;;
esac

look
if [ -n "$missing" ]; then
    if ! has apt-get >/dev/null; then
        echo "Missing here (by the names of Debian's packages):$missing" >&2
        exit 1
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif has sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "Debian packages are missing, and neither root nor a sudo without a password is at hand. Copy this line, then try again:" >&2
        echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    install
    look
    if [ -n "$missing" ]; then
        echo "Still missing after apt-get install:$missing" >&2
        exit 1
    fi
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is $("$python" -V 2>&1): 3.11 or newer is needed. Name another with PYTHON=..., as in: make PYTHON=python3.11 demo" >&2
    exit 1
fi
