"""A pytest plugin, loaded before anything else: real Postgres and Redis for the whole test session.

The first process starts them in a temporary folder; parallel workers inherit their addresses.
Set DATABASE_URL and REDIS_URL to use servers of your own. Each parallel worker has a database
of its own in Redis, so that no Celery worker gets messages that are not for it.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from dedup_site import embedded

REDIS_DATABASES = 16


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="second-look-tests-"))
    stack = ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    servers = stack.enter_context(embedded.servers(folder, durable=False))
    os.environ["DATABASE_URL"] = servers.superuser_url
    os.environ["REDIS_URL"] = servers.redis_url
    os.environ["TEST_SESSION_DIR"] = str(folder)
    atexit.register(stack.close)


def _own_redis(url: str) -> str:
    """A database of the same Redis that no parallel worker uses."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    number = REDIS_DATABASES - 1 - worker % (REDIS_DATABASES - 1)
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()


os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
    _start()
os.environ["REDIS_URL"] = _own_redis(os.environ["REDIS_URL"])
