"""Runs a command on a terminal of its own and types what the plan says. Reads the plan, writes what happened, as JSON."""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

plan = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(plan["cwd"])
    os.execve(plan["argv"][0], plan["argv"], plan["env"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

said = b""
end = time.monotonic() + plan["seconds"]


def read():
    """False when nobody writes any more."""
    global said
    ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
    if not ready:
        return False
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        return False
    said += piece
    return piece != b""


mark = 0
missed = None
closed = False
for wait, typed in plan["steps"]:
    while wait.encode() not in said[mark:]:
        if not read():
            missed = wait
            break
    if missed is not None:
        break
    mark = said.index(wait.encode(), mark) + len(wait.encode())
    if typed is None:
        os.close(terminal)
        closed = True
        break
    os.write(terminal, typed.encode())
while not closed and read():
    pass
while True:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done != 0:
        break
    if time.monotonic() > end:
        os.kill(pid, 9)
        missed = missed or "its end"
    time.sleep(0.01)
json.dump(
    {
        "said": said.decode(errors="replace"),
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "missed": missed,
    },
    sys.stdout,
)
