"""The real thing for browser tests: the web site and a worker in processes of their own."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from dedup_site.database_roles import DatabaseRole, as_role
from dedup_site.processes import Children
from tests.scans import until

LISTENING = re.compile(r"Listening at: (http://[\d.:]+)")


@contextmanager
def running(data_dir: Path, *library_roots: Path) -> Iterator[str]:
    """The site's address. Site and worker use the same Postgres and Redis as this process."""
    with pytest.MonkeyPatch.context() as environment, Children() as children:
        environment.setenv("DATA_DIR", str(data_dir))
        environment.setenv("LIBRARY_ROOTS", ",".join(map(str, library_roots)))
        # The tests are a superuser; the program is not, or it would touch no file.
        url = as_role(os.environ["DATABASE_URL"], DatabaseRole.APPLICATION)
        environment.setenv("DATABASE_URL", url)
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as queue:
            queue.flushdb()  # tests before may have left messages
        worker = [sys.executable, "-m", "celery", "--app", "dedup_site", "worker", "--beat"]
        worker += ["--schedule", str(data_dir / "beat"), "--concurrency", "1"]
        worker += ["--without-gossip", "--without-mingle"]
        children.start("The worker", worker, data_dir / "worker.log")
        web = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"]
        web += ["--worker-class", "gthread", "--threads", "8", "dedup_site.wsgi"]
        log = data_dir / "web.log"
        children.start("The web site", web, log)

        def address() -> str:
            children.check()
            found = LISTENING.search(log.read_text())
            return found[1] if found else ""

        yield until(address, "the web site to come up")
