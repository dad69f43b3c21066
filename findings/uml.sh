#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The scripts of this directory read this file. It needs a Debian host (12 or later) with apt,
# kmod, iproute2 and the archive's keys, whose lists apt has, and no root. Everything is in a
# temporary directory.
#
# fetch_kernel PACKAGE=VERSION...: unpack Linux 6.12, and packages of Debian 12 to $folder/root.
# boot MODULE...: run the function "guest" in that kernel, in the directory of the SCSI target. The
# kernel is ended after $limit seconds.
# expect NAME TEXT: compare the line "NAME: TEXT" of what guest printed.
# finish: end with status 1 if a line was different.

set -euo pipefail
target=/sys/kernel/config/target
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0 limit=300

# fetch SUITE PACKAGE...: unpack packages of a Debian suite to $folder/root.
fetch() {
    local suite=$1 state=$folder/apt-$1 archive
    shift
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$folder/root/usr/lib"
    : >"$state/status"
    local keys=/usr/share/keyrings/debian-archive-keyring
    [[ -e $keys.gpg ]] && keys+=.gpg || keys+=.pgp
    # shellcheck disable=SC2016
    archive=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' "Identifier: Packages" |
        sed -n '/^Debian /{s/^Debian //p;q}')
    echo "deb [signed-by=$keys] $archive $suite main" >"$state/sources.list"
    printf '%s\n' >"$state/apt.conf" \
        '#clear APT::Update::Pre-Invoke;' '#clear APT::Update::Post-Invoke;' \
        '#clear APT::Update::Post-Invoke-Success;' 'APT::Sandbox::User "";' \
        'APT::Update::Error-Mode "any";' 'Acquire::Languages "none";' \
        "Dir::Cache \"$state\";" "Dir::Etc::SourceList \"$state/sources.list\";" \
        'Dir::Etc::SourceParts "/dev/null";' 'Dir::Etc::PreferencesParts "/dev/null";' \
        "Dir::State::Lists \"$state/lists\";" "Dir::State::Status \"$state/status\";"
    (
        cd "$state"
        export APT_CONFIG=$state/apt.conf
        apt-get --quiet --quiet update
        apt-get --quiet --quiet download "$@"
        for package in *.deb; do dpkg-deb --extract "$package" "$folder/root"; done
    )
}

# The C library has no pinned version: the kernel's program needs one of Debian 13, any of them.
fetch_kernel() {
    fetch bookworm patchelf=0.14.3-1+b1 "$@"
    mv "$folder/root" "$folder/tools"
    fetch trixie user-mode-linux=6.12um1+b22 libc6
    mv "$folder/root" "$folder/kernel"
    mv "$folder/tools" "$folder/root"
    local libraries
    libraries=$(dirname "$(find "$folder/kernel/usr/lib" -name libc.so.6)")
    "$folder/root/usr/bin/patchelf" --set-rpath "$libraries" \
        --set-interpreter "$(echo "$libraries"/ld-linux*.so.2)" "$folder/kernel/usr/bin/linux.uml"
    mkdir -p "$folder/kernel/lib"
    ln -s ../usr/lib/uml/modules "$folder/kernel/lib/modules"
}

# The first process of the kernel runs this, then guest, which can use the two functions below.
prepare() {
    PATH=$folder/root/usr/sbin:$folder/root/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin
    LD_LIBRARY_PATH=$(dirname "$(find "$folder/root/usr/lib" -name 'lib*.so*' -print -quit)")
    export PATH LD_LIBRARY_PATH
    mount -n -t proc proc /proc
    mount -n -t sysfs sysfs /sys
    mountpoint --quiet /dev || mount -n -t devtmpfs devtmpfs /dev
    mount -n -t tmpfs tmpfs /run
    modprobe -d "$folder/kernel" -a configfs "$@"
    mount -n -t configfs configfs /sys/kernel/config
    mkdir -p /sys/kernel/config/target
    ip link set lo up
}

# ramdisk NAME [SERIAL]: a storage object of 256 KiB, core/rd_mcp_0/NAME.
ramdisk() {
    mkdir -p "core/rd_mcp_0/$1"
    echo rd_pages=64 >"core/rd_mcp_0/$1/control"
    if [[ ${2:-} ]]; then echo "$2" >"core/rd_mcp_0/$1/wwn/vpd_unit_serial"; fi
    echo 1 >"core/rd_mcp_0/$1/enable"
}

# export_to TPG LUN NAME: a LUN of a ramdisk.
export_to() {
    mkdir "$1/lun/$2"
    ln -s "$target/core/rd_mcp_0/$3" "$1/lun/$2/object"
}

boot() {
    {
        echo '#!/bin/bash'
        echo "folder=$folder target=$target"
        declare -f prepare ramdisk export_to guest
        echo "exec >$folder/output 2>&1"
        echo "prepare $* && cd \$target && guest; sync; echo o >/proc/sysrq-trigger; sleep 60"
    } >"$folder/init"
    chmod +x "$folder/init"
    timeout "$limit" "$folder/kernel/usr/bin/linux.uml" mem=256M rootfstype=hostfs rootflags=/ rw \
        con=null con0=null,fd:2 quiet "init=$folder/init" </dev/null >"$folder/console" 2>&1 || :
}

expect() {
    local found
    found=$(sed -n "s/^$1: //p" "$folder/output")
    if [[ $found == "$2" ]]; then
        echo "as described: $1: $2"
    else
        echo "CHANGED: $1: expected '$2', found '$found'"
        failures=$((failures + 1))
    fi
}

finish() {
    if ((failures)); then
        cat "$folder/output" >&2
        exit 1
    fi
}
