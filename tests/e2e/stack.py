"""The real thing for browser tests: a database, a Redis database, a worker and the web site."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import redis

from dedup_site.processes import Children
from tests import databases

T = TypeVar("T")
REDIS_DATABASES = 16
PATIENCE = 30.0  # seconds, for a machine that others use too
LISTENING = re.compile(r"Listening at: (http://[\d.:]+)")


def until(found: Callable[[], T | None], what: str) -> T:
    """What `found` gives as soon as that is something; fails after a while, naming `what`."""
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
        time.sleep(0.02)
    return result


@contextmanager
def running(data_dir: Path, library_roots: Path) -> Iterator[str]:
    """The site's address; site and worker use $DATABASE_URL and a Redis database of their own."""
    with pytest.MonkeyPatch.context() as environment, Children() as children:
        environment.setenv("DATA_DIR", str(data_dir))
        environment.setenv("LIBRARY_ROOTS", str(library_roots))
        environment.setenv("REDIS_URL", _empty_redis())
        worker = [sys.executable, "-m", "celery", "--app", "dedup_site", "worker", "--beat"]
        worker += ["--schedule", str(data_dir / "beat"), "--concurrency", "1"]
        worker += ["--without-gossip", "--without-mingle"]
        children.start("The worker", worker, data_dir / "worker.log")
        web = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"]
        web += ["--worker-class", "gthread", "--threads", "8", "dedup_site.wsgi"]
        log = data_dir / "web.log"
        children.start("The web site", web, log)

        def address() -> re.Match[str] | None:
            children.check()
            return LISTENING.search(log.read_text())

        yield until(address, "the web site to come up")[1]


def _empty_redis() -> str:
    """The address of a Redis database that no parallel worker uses."""
    number = 1 + int(databases.WORKER.removeprefix("gw")) % (REDIS_DATABASES - 1)
    url = os.environ["REDIS_URL"]
    if url.startswith("unix:"):
        own = f"{url.partition('?')[0]}?db={number}"
    else:
        own = urlsplit(url)._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(own) as connection:
        connection.flushdb()
    return own
