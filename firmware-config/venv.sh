#!/bin/sh
# Makes .venv if there is none that works: sh firmware-config/venv.sh DIRECTORY
# A virtual environment breaks when its Python is upgraded or the directory is moved; then it is made anew.
set -eu

directory=${1:?"usage: venv.sh DIRECTORY"}
if ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "Making $directory" >&2
    "${PYTHON:-python3}" -m venv --clear "$directory"
fi
