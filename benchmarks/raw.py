# SPDX-License-Identifier: Apache-2.0
"""Bare system calls, one after the other, as a list in a file has them: what all is held against.

    python raw.py FILE

A line is a letter, a path and a value, separated by tabs: r(ead), w(rite), m(kdir), d (rmdir),
u(nlink), l(ink: its target, its path). The program imports only modules that Python has imported
itself. A refused call ends it with an error, except for a directory that exists: that of a fabric
stays.
"""

import os
import sys

refused = 0
with open(sys.argv[1], encoding="utf-8") as calls:
    for line in calls:
        call, path, value = line.rstrip("\n").split("\t")
        try:
            if call == "r":
                file = os.open(path, os.O_RDONLY)
                try:
                    os.read(file, 65536)
                finally:
                    os.close(file)
            elif call == "w":
                file = os.open(path, os.O_WRONLY)
                try:
                    os.write(file, value.encode())
                finally:
                    os.close(file)
            elif call == "m":
                os.mkdir(path)
            elif call == "d":
                os.rmdir(path)
            elif call == "u":
                os.unlink(path)
            else:
                os.symlink(path, value)
        except OSError as err:
            refused += not isinstance(err, FileExistsError)
if refused:
    sys.exit(f"{refused} calls were refused")
