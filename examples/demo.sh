#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job, on a real kernel: a disk is exported over iSCSI, saved, lost as by a reboot, and
# is there again. `make demo` runs it in the sandbox; it takes a kernel of its own, so it refuses
# to run on a host.

set -euo pipefail

: "${TARGETCLI_IN_SANDBOX:?this clears the configuration: run it with make demo}"

target=iqn.2003-01.org.example:store
initiator=iqn.2003-01.org.example:host1
secret='corr3ct "h0rse"'
disk=/var/tmp/disk1.img
portal=127.0.0.1:3260
tpg=/iscsi/$target/tpg1
acl=$tpg/acls/$initiator
targetcli=("${PYTHON:-python3}" -m targetcli)
step="starting"

trap 'echo "FAILED: $step" >&2' ERR

title() {
    step=$1
    printf '\n== %s\n' "$1"
}

# Shows a command, then runs it.
run() {
    printf '$'
    printf ' %q' "$@"
    printf '\n'
    "$@"
}

tcli() {
    printf '$ targetcli'
    printf ' %q' "$@"
    printf '\n'
    "${targetcli[@]}" "$@"
}

set_secret() {
    # From a file of the initiator's, not on a command line.
    # A new file: as another user than root the host's own cannot be read here.
    rm -f /etc/iscsi/iscsid.conf
    {
        echo "node.startup = manual"
        echo "node.session.auth.authmethod = CHAP"
        echo "node.session.auth.username = host1"
        echo "node.session.auth.password = $1"
    } >/etc/iscsi/iscsid.conf
}

start_initiator() {
    modprobe -a iscsi_tcp sd_mod
    mkdir -p /etc/iscsi /run/lock/iscsi
    rm -f /etc/iscsi/initiatorname.iscsi
    echo "InitiatorName=$initiator" >/etc/iscsi/initiatorname.iscsi
    iscsid
}

# Waits for the disk that a login brings, and prints its path.
iscsi_disk() {
    local device
    for _ in $(seq 100); do
        for device in /sys/class/iscsi_session/session*/device/target*/*/block/*; do
            if [ -e "$device" ]; then
                echo "/dev/${device##*/}"
                return
            fi
        done
        sleep 0.1
    done
    return 1
}

log_in() {
    run iscsiadm -m discovery -t sendtargets -p "$portal"
    run iscsiadm -m node -T "$target" -p "$portal" --login
}

log_out() {
    run iscsiadm -m node -T "$target" -p "$portal" --logout
    run iscsiadm -m node -o delete
}

title "A disk, a target, a LUN, an initiator with a secret"
tcli /backstores/fileio create disk1 "$disk" 64M
tcli /iscsi create "$target"
tcli "$tpg/luns" create /backstores/fileio/disk1
tcli "$tpg/acls" create "$initiator"
tcli "$tpg" set attribute authentication=1
tcli "$acl" set auth userid=host1 "password=$secret"
tcli ls

title "An initiator logs in, makes a file system and writes"
start_initiator
set_secret "$secret"
log_in
device=$(iscsi_disk)
run mkfs.ext4 -q "$device"
run mount "$device" /mnt
run dd if=/dev/urandom of=/mnt/data bs=1M count=8 status=none
before=$(sha256sum </mnt/data)
echo "$before"
run umount /mnt
tcli sessions detail
log_out

title "Saved, and gone as after a reboot"
tcli saveconfig
tcli clearconfig confirm=true
run rmdir /sys/kernel/config/target/iscsi
# target_core_mod stays loaded: the kernel may still hold a session of a moment ago.
run modprobe -r iscsi_target_mod target_core_file target_core_iblock target_core_pscsi \
    target_core_user
tcli ls /iscsi

title "Restored, and the data is the same"
tcli restoreconfig
log_in
device=$(iscsi_disk)
run mount -o ro "$device" /mnt
after=$(sha256sum </mnt/data)
echo "$after"
[ "$before" = "$after" ]
run umount /mnt
log_out

title "A wrong secret is refused"
set_secret wrong-secret-12
run iscsiadm -m discovery -t sendtargets -p "$portal"
if run iscsiadm -m node -T "$target" -p "$portal" --login; then
    echo "the target let a wrong secret in" >&2
    false
fi

title "Done"
echo "The disk was exported, saved, lost and restored; its data is the same."
