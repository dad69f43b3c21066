#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The main use, on a real kernel: export a disk over iSCSI, save the configuration, lose it as in a
# reboot, and restore it. `make demo` runs this in the sandbox. It needs a separate kernel, so it
# refuses to run on a host.

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

# Print a command, then run it.
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
    # In a file of the initiator, not on a command line. Create a new file: the one of the host can
    # only be read by root.
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

# Wait for the disk of a new session, and print its path.
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

title "Create a disk, a target, a LUN and an ACL with a secret"
tcli /backstores/fileio create disk1 "$disk" 64M
tcli /iscsi create "$target"
tcli "$tpg/luns" create /backstores/fileio/disk1
tcli "$tpg/acls" create "$initiator"
tcli "$tpg" set attribute authentication=1
tcli "$acl" set auth userid=host1 "password=$secret"
tcli ls

title "Log in as the initiator, create a file system and write"
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

title "Save the configuration, and delete it as in a reboot"
tcli saveconfig
tcli clearconfig confirm=true
run rmdir /sys/kernel/config/target/iscsi
# The modules stay loaded: the kernel may still be releasing the session that just ended.
tcli ls /iscsi

title "Restore the configuration, and compare the data"
tcli restoreconfig
log_in
device=$(iscsi_disk)
run mount -o ro "$device" /mnt
after=$(sha256sum </mnt/data)
echo "$after"
[ "$before" = "$after" ]
run umount /mnt
log_out

title "Log in with a wrong secret, which must fail"
set_secret wrong-secret-12
run iscsiadm -m discovery -t sendtargets -p "$portal"
if run iscsiadm -m node -T "$target" -p "$portal" --login; then
    echo "the target accepted a wrong secret" >&2
    false
fi

title "Done"
echo "The disk was exported, saved, deleted and restored, and its data is unchanged."
