#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The first process of the sandbox: creates a private root file system, runs one program in
# it and powers off. guest.py copies it to an empty directory of the host, together with
# "fstab", "parameters" (the variables that are not set here), dev and lib.
#
# Starting a program costs 10 to 40 ms on the user-mode kernel: use builtins, and one call
# for many objects. A failure before "ready" ends this process, and so the kernel: set -e.

# shellcheck disable=SC1091,SC2154
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=${0%/*}
. "$here/parameters"

# -- The root: an overlay, so that writes stay in memory -----------------------------------

# -n: the list of mounts in /run/mount still belongs to the host.
mount -n -t proc proc /proc
mount -n -t tmpfs -o mode=755 tmpfs "$scratch"
mkdir "$scratch/root" "$scratch/upper" "$scratch/work"
modprobe -d "$here" -a overlay configfs
# A module of older kernels only; a newer one that does not have it by now has no IPv6.
if [[ ! -e /proc/net/if_inet6 ]]; then modprobe -d "$here" ipv6 || :; fi
mount -n -a -T "$here/fstab"
cp -d "$here"/dev/* "$scratch/root/dev/"
mkdir -p "$scratch/root/run/lock" "$scratch/root/run/home" "$scratch/root/run/host"
cd "$scratch/root"
pivot_root . run/host
cd /
umount -n -l /run/host

echo sandbox >/proc/sys/kernel/hostname
echo '127.0.0.1 localhost sandbox
::1 localhost ip6-localhost ip6-loopback' >/etc/hosts
ip link set lo up
if ((${#modules[@]})); then modprobe -a "${modules[@]}"; fi

# -- Streams: ttyS0 control, ttyS1 input, ttyS2 output, ttyS3 errors, tty1 the terminal ----

power_off() {
    sync
    echo o >/proc/sysrq-trigger
    sleep 60
}

# The host sends the input in pieces, each after a line with its length; 0 is the end.
# From a pipe, because from a terminal "read" takes more than the line.
unpack_input() {
    local length
    while read -r length && ((length)); do
        head -c "$length" || break
    done
}

# Each line is an order of the host; the stream ends when the host process ends.
obey() {
    local verb first second
    while read -r verb first second; do
        case $verb in
            signal) kill -s "$first" -- "-$1" || kill -s "$first" -- "$1" || : ;;
            size) stty rows "$first" cols "$second" </dev/tty1 || : ;;
            off) break ;;
        esac
    done
    power_off
}

# Data that arrives on a line that is not open is lost: keep it open from here on, as 7.
open_line() {
    exec 7<>"$1"
    stty raw -echo <&7
}

# open_stream FD KIND: a pipe between program and line, so that the program sees no terminal.
open_stream() {
    case $2 in
        console) eval "exec $1<>/dev/tty1" ;;
        null) eval "exec $1<>/dev/null" ;;
        same) eval "exec $1>&4" ;;
        input) open_line /dev/ttyS1; eval "exec $1< <(unpack_input < <(exec cat <&7))" ;;
        output) open_line /dev/ttyS2; eval "exec $1> >(exec cat >&7)" ;;
        error) open_line /dev/ttyS3; eval "exec $1> >(exec cat >&7)" ;;
    esac
}

exec 6<>/dev/ttyS0
stty raw -echo <&6
open_stream 3 "$input"
open_stream 4 "$output"
open_stream 5 "$error"
exec 7>&-
if ((${#terminal[@]})); then stty sane iutf8 "${terminal[@]}" <&4; fi
set +e
echo ready >&6

# -- The program ---------------------------------------------------------------------------

cd "$directory" || cd /

# launch OPTION COMMAND: in a session of its own; -c: it gets the terminal. env: bash starts
# what runs in the background with the interrupt ignored.
launch() {
    local option=$1
    shift
    exec setsid ${option:+"$option"} env -i --default-signal=INT,QUIT "${environment[@]}" "$@"
}

quietly() {
    (launch "" "$@") </dev/null >/dev/null 2>&5 3>&- 4>&- 5>&- 6>&-
}

# The end of a session with the terminal hangs up all its open files (tty_io.c, vhangup).
reopen_console() {
    if [[ $output == console ]]; then exec 4<>/dev/tty1; fi
    if [[ $error == same ]]; then exec 5>&4; fi
}

terminal_option=''
if [[ $input == console ]]; then terminal_option=-c; fi
if ((${#before[@]})) && ! quietly "${before[@]}"; then
    echo >&5 "sandbox: not everything was restored, so nothing is saved at the end without saveconfig"
    after=()
fi
(launch "$terminal_option" "${command[@]}") <&3 >&4 2>&5 3>&- 4>&- 5>&- 6>&- &
program=$!
obey $program <&6 &
orders=$!
wait $program
status=$?
reopen_console
if ((${#after[@]})); then quietly "${after[@]}"; fi

# The mark ends each stream: output of processes left behind comes after it.
for stream in 4 5; do
    printf %s "$mark" >&$stream
done
echo "exit $status" >&6
wait "$orders"
