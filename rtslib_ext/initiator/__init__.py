# SPDX-License-Identifier: Apache-2.0
"""An iSCSI initiator that looks at disks and changes nothing (RFC 7143).

It is a small one for a target on this host, without a package of another project: no data is
written, digests are off, and every session has a random ISID, so that it replaces no session of
the initiator whose name it uses (RFC 7143 section 6.3.1).
"""
