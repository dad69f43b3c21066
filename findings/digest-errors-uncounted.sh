#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A wrong iSCSI header digest ends the session, as it must at ErrorRecoveryLevel 0, but no counter
# shows it: iscsi_sess_err/digest_errors of the target stays 0, the session's own counter ends with
# the session, and abnormal_logouts stays 0 as well.
#
# Seen on Debian's user-mode-linux 6.12um1+b22.

# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/uml.sh"
fetch_kernel

guest() {
    local iqn=iqn.2003-01.org.example:a initiator=iqn.2003-01.org.example:client
    local tpg=iscsi/$iqn/tpgt_1 counters=iscsi/$iqn/fabric_statistics
    mkdir -p $tpg/np/127.0.0.1:3260 $tpg/acls/$initiator
    echo 0 >$tpg/attrib/authentication
    echo 1 >$tpg/enable
    # A login (RFC 7143 section 11.12) that asks for header digests, then a command with a wrong one.
    perl -MIO::Socket::INET -e '
        my %keys = (InitiatorName => $ARGV[0], TargetName => $ARGV[1], SessionType => "Normal",
            HeaderDigest => "CRC32C", DataDigest => "None", ErrorRecoveryLevel => 0,
            DefaultTime2Wait => 2, DefaultTime2Retain => 0, MaxOutstandingR2T => 1,
            ImmediateData => "Yes", MaxBurstLength => 262144, MaxRecvDataSegmentLength => 65536);
        my $text = join("", map { "$_=$keys{$_}\0" } sort keys %keys);
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:3260", Timeout => 20) or die;
        my $pad = "\0" x (-length($text) % 4);
        print $socket pack("CCCCCa3a6nNnnNNx16", 0x43, 0x87, 0, 0, 0,
            substr(pack("N", length $text), 1), "\x80\0\0\0\0\1", 0, 1, 0, 0, 1, 0), $text, $pad;
        read($socket, my $answer, 48);
        my $length = unpack("N", "\0" . substr($answer, 5, 3));
        read($socket, my $data, $length + -$length % 4);
        printf "login: status %d\n", unpack("C", substr($answer, 36, 1));
        print $socket pack("CCx6x8NNNNx16", 1, 0xC1, 2, 0, 1, 1), "none";
        printf "after a wrong digest: %s\n", read($socket, $answer, 48) ? "answered" : "closed";
    ' $initiator $iqn
    sleep 1
    echo "logins, sessions: $(<$counters/iscsi_login_stats/accepts) $(<$counters/iscsi_instance/sessions)"
    echo "digest errors: $(<$counters/iscsi_sess_err/digest_errors)"
    echo "failed sessions: $(<$counters/iscsi_instance/fail_sess)"
    echo "abnormal logouts: $(<$counters/iscsi_logout_stats/abnormal_logouts)"
}

boot iscsi_target_mod
expect "login" "status 0"
expect "after a wrong digest" "closed"
expect "logins, sessions" "1 0"
expect "digest errors" "0"
expect "failed sessions" "0"
expect "abnormal logouts" "0"
finish
