#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The kernel opens a backing file in the mount namespace of the process that enables the storage
# object. If that was a namespace of its own, as ProtectSystem= or PrivateTmp= give a service,
# umount of the file system succeeds on the host while the file is exported and written, and only
# the device shows that it is still in use. Without a namespace, umount says that it is busy.
#
# Seen with util-linux 2.38 and e2fsprogs 1.47 on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local object=core/fileio_0/disk how words
    truncate --size=8M "$folder/image"
    mkfs.ext4 -q "$folder/image"
    mkdir "$folder/mounted"
    mkdir -p $object
    losetup /dev/loop0 "$folder/image"
    for how in host namespace; do
        mount /dev/loop0 "$folder/mounted"
        truncate --size=1M "$folder/mounted/disk"
        words=()
        if [[ $how == namespace ]]; then words=(unshare --mount --propagation slave); fi
        mkdir -p $object
        "${words[@]}" bash -c "
            echo fd_dev_name=$folder/mounted/disk,fd_dev_size=1048576 >$object/control
            echo 1 >$object/enable"
        if umount "$folder/mounted" 2>/dev/null; then
            echo "$how: unmounted while in use"
        else
            echo "$how: busy"
        fi
        rmdir $object
        umount "$folder/mounted" 2>/dev/null || :
    done
}

boot target_core_file loop ext4
expect host busy
expect namespace "unmounted while in use"
finish
