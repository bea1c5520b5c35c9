"""A process that carries out plans in children of its own, each of which waits to be traced.

`python -m tests.faults.executor` reads lines like `carry_out 17` and answers with the child's pid;
the child stops itself until somebody lets it go on, and its exit status is the next answer.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

import django

PR_SET_PTRACER = 0x59616D61
ANYBODY = ctypes.c_ulong(-1)


def main() -> None:
    django.setup()
    from review.actions import execution, purges, restores
    from review.models import PlanItem

    works: dict[str, Callable[[int], None]] = {
        "carry_out": execution.carry_out,
        "restore": lambda pk: execution.act(pk, restores.restore, PlanItem.State.RESTORING),
        "purge": lambda pk: execution.act(pk, purges.purge, PlanItem.State.QUARANTINED),
    }
    for line in sys.stdin:
        work, number = line.split()
        pid = os.fork()
        if pid == 0:
            # Where Yama guards tracing, whoever asked for this may trace it all the same.
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            try:
                works[work](int(number))
            except BaseException as error:  # noqa: BLE001  a child ends here, whatever happens
                sys.stderr.write(f"{error!r}\n")
                os._exit(1)
            os._exit(0)
        os.waitpid(pid, os.WUNTRACED)  # until it has stopped
        answer(pid)
        _pid, status = os.waitpid(pid, 0)
        answer(os.waitstatus_to_exitcode(status))


def answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
