"""Real Postgres and Redis servers from pip packages, for one machine without either.

    with embedded.environment(data_dir):
        ...  # DATABASE_URL and REDIS_URL are set

Any number of processes may do this at the same time with one folder: the first starts the servers,
the others find them, the last one out stops them. Two locks make that safe, and the kernel drops
them when a process dies: everybody who uses the servers holds `embedded.lock` shared, and whoever
is starting or stopping them holds `embedded.gate` alone.
"""

import fcntl
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psycopg

from dedup_site import database_roles
from dedup_site.database_roles import DatabaseRole, as_role
from dedup_site.embedded_servers import (
    DATABASE,
    SUPERUSER,
    EmbeddedError,
    Postgres,
    Redis,
    Server,
    acquired,
)

__all__ = ["EmbeddedError", "Servers", "celery_url", "environment", "servers", "stop"]

# What this process holds. A forked child must not keep its parent's locks alive.
_held: set[int] = set()


def _drop_locks() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_drop_locks)


@dataclass(frozen=True, slots=True)
class Servers:
    """Their addresses. Three roles have one each (database_roles.py), and the superuser."""

    superuser_url: str
    redis_url: str

    @property
    def database_url(self) -> str:
        return as_role(self.superuser_url, DatabaseRole.APPLICATION)

    @property
    def owner_database_url(self) -> str:
        return as_role(self.superuser_url, DatabaseRole.OWNER)

    @property
    def sequencer_database_url(self) -> str:
        return as_role(self.superuser_url, DatabaseRole.SEQUENCER)


@contextmanager
def servers(data_dir: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Postgres and Redis with their files under `data_dir`, for as long as the block runs.

    `durable=False` trades safety in a power cut for speed; for tests only. Raises EmbeddedError,
    one line that says what to do.
    """
    data_dir = data_dir.resolve()
    owner = os.getpid()
    with _lock_file(data_dir, "embedded.lock") as users:
        try:
            with _gate(data_dir):
                fcntl.flock(users, fcntl.LOCK_SH)
                postgres, redis = (server.ensure(durable=durable) for server in _both(data_dir))
                found = Servers(
                    f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(postgres))}",
                    f"unix://{quote(str(redis / Redis.socket_name))}?db=0",
                )
                _make_roles(found)
            yield found
        finally:
            if os.getpid() == owner:
                with _interrupts_held(), _gate(data_dir):
                    fcntl.flock(users, fcntl.LOCK_UN)
                    if acquired(users):
                        _stop_both(data_dir)


@contextmanager
def environment(data_dir: Path) -> Iterator[None]:
    """Set what is missing of DATABASE_URL, REDIS_URL and SECRET_KEY, for child processes too.

    Servers start only if one of the first two is missing. The addresses of the database's other
    roles go with DATABASE_URL. Raises EmbeddedError.
    """
    with ExitStack() as stack:
        missing = {
            name
            for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
            if not os.environ.get(name) and not os.environ.get(f"{name}_FILE")
        }
        if missing - {"SECRET_KEY"}:
            found = stack.enter_context(servers(data_dir))
            values = {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
            values["SECRET_KEY"] = _secret_key(data_dir)
            os.environ.update({name: values[name] for name in missing})
            if "DATABASE_URL" in missing:
                _set_other_roles(found)
        yield


def stop(data_dir: Path) -> None:
    """Stop servers that a killed process left behind, for example before `data_dir` is emptied.

    Raises EmbeddedError when somebody uses them.
    """
    data_dir = data_dir.resolve()
    with _lock_file(data_dir, "embedded.lock") as users, _gate(data_dir):
        if not acquired(users):
            raise EmbeddedError(f"The servers in {data_dir} are in use. Stop Second Look first.")
        _stop_both(data_dir)


def celery_url(redis_url: str) -> str:
    """The same Redis in the words of Celery, which names Unix sockets in another way."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return f"redis+socket://{unquote(parts.path)}?virtual_host={database.get('db', '0')}"


def _secret_key(data_dir: Path) -> str:
    """A key of this data folder's own, so that people stay signed in over a restart."""
    with _lock_file(data_dir, "secret_key") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_size == 0:
            os.write(file, secrets.token_urlsafe(64).encode())
        return os.pread(file, 1000, 0).decode()


def _make_roles(found: Servers) -> None:
    """The database's roles, also in a folder of an older version, where the superuser did all."""
    try:
        with psycopg.connect(found.superuser_url, autocommit=True) as connection:
            database_roles.make(connection)
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        raise EmbeddedError(f"Postgres cannot make its roles: {reason}") from error


def _set_other_roles(found: Servers) -> None:
    for name in ("OWNER_DATABASE_URL", "SEQUENCER_DATABASE_URL"):
        os.environ.pop(f"{name}_FILE", None)
    os.environ["OWNER_DATABASE_URL"] = found.owner_database_url
    os.environ["SEQUENCER_DATABASE_URL"] = found.sequencer_database_url


def _both(data_dir: Path) -> tuple[Server, Server]:
    return Postgres(data_dir), Redis(data_dir)


def _stop_both(data_dir: Path) -> None:
    for server in _both(data_dir):
        server.stop()


@contextmanager
def _lock_file(data_dir: Path, name: str) -> Iterator[int]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data_dir / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"Cannot write to {data_dir} ({error.strerror})."
            " Set DATA_DIR to a folder of yours on a disk with free space."
        ) from error
    _held.add(descriptor)
    owner = os.getpid()
    try:
        yield descriptor
    finally:
        if os.getpid() == owner:
            _held.discard(descriptor)
            os.close(descriptor)


@contextmanager
def _gate(data_dir: Path) -> Iterator[None]:
    with _lock_file(data_dir, "embedded.gate") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let an impatient second Ctrl-C wait until the servers are down."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
