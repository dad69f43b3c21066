#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The path of a fileio storage object (fd_dev_name) can have 255 bytes. The kernel cuts a longer
# one without an error, creates an empty file of the shorter name and exports that: initiators
# see a blank disk of the right size, and the file that was meant is not opened. Paths can have
# 4095 bytes elsewhere. Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2119,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local path object=core/fileio_0/disk
    path=$folder/$(printf 'd%.0s' {1..200})
    mkdir "$path"
    path=$path/$(printf 'f%.0s' {1..100})
    head --bytes=1048576 /dev/zero | tr '\0' x >"$path"
    mkdir -p $object
    echo "control: $(
        echo "fd_dev_name=$path,fd_dev_size=1048576" >$object/control && echo accepted
    )"
    echo "enable: $(echo 1 >$object/enable && echo accepted)"
    path=$(sed -n 's/.*File: \([^ ]*\) .*/\1/p' $object/info)
    echo "name of the kernel: ${#path}"
    echo "created: $(stat --format='%s bytes' "$path")"
}

boot target_core_file
expect control accepted
expect enable accepted
expect "name of the kernel" 255
expect created "0 bytes"
finish
