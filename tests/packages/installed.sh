#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# installed.sh DEB: in a fresh root of Debian with the dependencies, install the package, run the
# program, replace targetcli-fb by it, remove it. test_packages.py runs it; the first error ends it.

set -euo pipefail
deb=$1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
units=(target target-pending targetcli-exporter targetcli-firewall targetcli-isns)

step() {
    printf 'step: %s\n' "$*"
}

step the package installs, with the dependencies of this release
dpkg --install "$deb"

step the program runs
targetcli --version 2>&1 | grep -q '^targetcli version'
targetcli help import >/dev/null
printf 'storage iblock disk d {\n path /dev/null\n wwn abc\n}\n' >/root/x.lio
targetcli import /root/x.lio save=/root/x.json
grep -q '"wwn": "abc"' /root/x.json
# The shell itself, at a terminal, with the configshell of this release.
printf 'help status\nexit\n' | script --quiet --command targetcli /dev/null >/root/shell 2>&1 || true
grep -q 'Shows' /root/shell || { cat /root/shell; exit 1; }

step the manual pages are there
for page in targetcli.8 targetcli-boot.8 targetcli-attributes.7 saveconfig.json.5; do
    man --where "${page%.*}" >/dev/null
    MANPAGER="cat" man "${page%.*}" 2>&1 | grep -q NAME
done

step bash completes
# shellcheck disable=SC2016 # for the inner shell
bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader targetcli || [ $? = 124 ]
    complete -p targetcli' | grep -q targetcli
test -s /usr/share/zsh/vendor-completions/_targetcli

step Pacemaker finds the agent
test -x /usr/lib/ocf/resource.d/targetcli/lio-owner

step systemd accepts the units, and only the service is enabled
for unit in "${units[@]}"; do
    systemd-analyze verify --man=yes "$unit.service"
done
test "$(systemctl is-enabled target.service)" = enabled
for unit in targetcli-exporter.socket targetcli-{exporter,firewall,isns}.service; do
    test "$(systemctl is-enabled "$unit" || true)" != enabled
done
test -s /usr/lib/systemd/system/rtslib-fb-targetctl.service.d/rtslib-fb-targetctl.conf
test "$(stat -c %a /etc/target)" = 700

step removal keeps what is saved, purge does not
echo '{"storage_objects": []}' >/etc/target/saveconfig.json
mkdir -p /var/lib/targetcli/history
dpkg --remove targetcli
test -s /etc/target/saveconfig.json
test ! -e /usr/bin/targetcli
test -d /var/lib/targetcli/history
dpkg --purge targetcli >/root/purge
grep -q 'with the saved configuration' /root/purge
test ! -e /etc/target
test ! -e /var/lib/targetcli

step it replaces targetcli-fb, and takes its configuration over
apt-get --quiet --quiet --yes --no-install-recommends install targetcli-fb >/dev/null
mkdir -p /etc/rtslib-fb-target/pr
echo '{"targets": []}' >/etc/rtslib-fb-target/saveconfig.json
apt-get --quiet --quiet --yes --no-install-recommends install "$deb" >/dev/null
test "$(dpkg-query --show --showformat='${db:Status-Status}' targetcli-fb)" != installed
targetcli --version 2>&1 | grep -q '^targetcli version'
grep -q targets /etc/target/saveconfig.json
test "$(stat -c %a /etc/target/saveconfig.json)" = 600
test "$(readlink /etc/target/pr)" = /etc/rtslib-fb-target/pr

step and is replaced by it
apt-get --quiet --quiet --yes --no-install-recommends install targetcli-fb >/dev/null
test "$(dpkg-query --show --showformat='${db:Status-Status}' targetcli)" != installed
test -s /etc/target/saveconfig.json

step the purge of what is left keeps the files of another targetcli
dpkg --purge targetcli >/root/purge
grep -q '/etc/target is kept' /root/purge
test -s /etc/target/saveconfig.json

echo "all steps done"
