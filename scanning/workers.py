"""Celery workers for commands that must not wait for somebody else to start one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from celery import current_app
from django.conf import settings

STOP_SECONDS = 15


def somebody_works() -> bool:
    """Whether a worker answers."""
    return bool(current_app.control.ping(timeout=1.0, limit=1))


@contextmanager
def worker(
    concurrency: int | None = None, *, under: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker for as long as the block runs; its log is DATA_DIR/logs/worker.log.

    `under` is a command that the worker's own is appended to, such as `nice`.
    """
    log = Path(settings.DATA_DIR) / "logs" / "worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                *under,
                sys.executable,
                "-m",
                "celery",
                "-A",
                "dedup_site",
                "worker",
                "--concurrency",
                str(concurrency or os.cpu_count() or 1),
                "--without-gossip",
                "--without-mingle",
                "--loglevel",
                "WARNING",
            ],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
