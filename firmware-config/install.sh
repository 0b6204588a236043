#!/bin/sh
# Makes this machine a box: sudo make install. Can be run again, also to upgrade: settings, ledger and secrets stay.
#
# The package goes to /opt/hub-appliance, the units to /etc/systemd/system, the settings to /etc/hub-appliance.
# Nothing is started: the settings come first.
set -eu

[ "$(id -u)" = 0 ] || {
    echo "This changes the machine: sudo make install" >&2
    exit 1
}
cd "$(dirname "$0")/.."
prefix=/opt/hub-appliance

sh firmware-config/debian-packages.sh box
sh firmware-config/venv.sh "$prefix"
echo "Installing the package and its libraries into $prefix"
# What an older build left behind would be packed again.
rm -rf build
"$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --constraint firmware-config/constraints.txt \
    --upgrade --force-reinstall --no-deps .
"$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --constraint firmware-config/constraints.txt '.[evdev]'
rm -rf build

install -D -m 644 README.md LICENSE CHANGELOG.md -t "$prefix/share"
install -D -m 644 systemd/*.service systemd/*.target -t /etc/systemd/system
install -D -m 644 systemd/hub-appliance.sysusers /etc/sysusers.d/hub-appliance.conf
install -D -m 644 systemd/hub-appliance.tmpfiles /etc/tmpfiles.d/hub-appliance.conf
install -D -m 644 systemd/hub-appliance.udev /etc/udev/rules.d/70-hub-appliance.rules
systemd-sysusers hub-appliance.conf
systemd-tmpfiles --create hub-appliance.conf

install -d -m 755 /etc/hub-appliance
if [ ! -e /etc/hub-appliance/appliance.toml ]; then
    install -m 640 -g hub-appliance firmware-config/appliance.toml /etc/hub-appliance/appliance.toml
fi
# What this version knows, beside what the box has.
install -m 644 firmware-config/appliance.toml /etc/hub-appliance/appliance.toml.new-version
ln -sf "$prefix/bin/appliance" /usr/local/bin/appliance
install -d /usr/share/bash-completion/completions
"$prefix/bin/appliance" completion bash >/usr/share/bash-completion/completions/appliance

if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    udevadm control --reload 2>/dev/null || true
fi
systemctl enable --quiet appliance.target appliance-doorkeeper.service appliance-scan.service appliance-web.service \
    appliance-report.service
cat <<'WORDS'
Installed. Now:
  1. write /etc/hub-appliance/appliance.toml (`appliance config` shows what holds)
  2. systemctl start appliance.target
  3. appliance doctor
  4. appliance staff add NAME --role lead
WORDS
