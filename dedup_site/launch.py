"""Start a server apart from the terminal and, as root, as somebody with fewer rights.

A program of its own (`python launch.py IDENTITY WRITABLE LOCK NOTE PROGRAM ARGUMENT...`) and not a
function run between fork and exec, because that is unsafe in a process that has threads.

IDENTITY  `self`; `namespace`: a user namespace of its own, in which root is an ordinary user and
          its files are that user's (see user_namespaces(7)); `nobody`: that account
WRITABLE  a folder that must be writable under that identity, else this program fails
LOCK      number of an open, locked file that the server keeps open as long as it lives, so that
          the lock tells whether it does; NOTE is written to it after the server's process number.
          `-` runs PROGRAM in the foreground instead.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not permitted")
    for name, value in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
        Path("/proc/self", name).write_text(value)


def become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


IDENTITIES = {"self": lambda: None, "namespace": enter_namespace, "nobody": become_nobody}


def main(identity: str, writable: str, lock: str, note: str, *command: str) -> None:
    IDENTITIES[identity]()
    if not os.access(writable, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(13, "no right to write", writable)
    if lock != "-":
        if os.fork():
            os._exit(0)  # the server is nobody's child: nobody has to wait for it
        os.ftruncate(int(lock), 0)
        os.pwrite(int(lock), f"{os.getpid()}\n{note}\n".encode(), 0)
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, KeyError) as error:
        sys.exit(str(error))
