"""A pytest plugin, loaded before anything else: real Postgres and Redis for the whole test session.

The first process starts them in a temporary folder; parallel workers inherit their addresses.
Set DATABASE_URL and REDIS_URL to use servers of your own.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from dedup_site import embedded


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="second-look-tests-"))
    stack = ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    servers = stack.enter_context(embedded.servers(folder, durable=False))
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = servers.redis_url
    os.environ["TEST_SESSION_DIR"] = str(folder)
    atexit.register(stack.close)


os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
    _start()
