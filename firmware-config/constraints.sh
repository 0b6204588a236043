#!/bin/sh
# Writes firmware-config/constraints.txt: what pip resolves today for the package with everything, in a fresh environment.
set -eu

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh"
"$fresh/bin/python" -m pip install --quiet --disable-pip-version-check '.[test]'
{
    echo "# The versions that boxes, developers and CI get. Made by \`make constraints\`; pyproject.toml says what is needed."
    "$fresh/bin/python" -m pip freeze --exclude hub-appliance
} >firmware-config/constraints.txt.new
mv firmware-config/constraints.txt.new firmware-config/constraints.txt
