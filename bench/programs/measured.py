"""Runs a program as its parent. Arguments: seconds of CPU at most, then the program and its arguments.

Writes `wall user system memory` to file descriptor 4: seconds, and megabytes of the peak resident set, as the kernel has
charged them to the process when it is gone; 7 MB, which a fork of this one has, are the least. Its exit code is that of the program, as a shell has it.
"""

import os
import resource
import sys
import time

limit, *command = sys.argv[1:]
_, hard = resource.getrlimit(resource.RLIMIT_CPU)
resource.setrlimit(resource.RLIMIT_CPU, (int(limit), hard))
os.set_inheritable(4, False)
begin = time.monotonic()
pid = os.fork()  # not spawned: that would share our memory until it starts, and 9 MB be the least it can be said to take
if pid == 0:
    try:
        os.execvp(command[0], command)
    finally:
        os._exit(127)
_, status, used = os.wait4(pid, 0)
wall = time.monotonic() - begin
memory = used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
os.write(4, f"{wall:.6f} {used.ru_utime:.6f} {used.ru_stime:.6f} {memory:.1f}".encode())
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
