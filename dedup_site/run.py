"""`make run`: all of Second Look on one machine, for as long as this program runs."""

import argparse
import errno
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any

import django
from django.core.management import call_command
from django.db import DatabaseError
from PIL import Image

from dedup_site import embedded
from dedup_site.celery import app
from dedup_site.processes import ChildDied, Children
from scanning.engine.decoding.decode import FORMATS

HOST = "127.0.0.1"
CHECKOUT = Path(__file__).resolve().parent.parent
DEMO_LIBRARY = CHECKOUT / "demo" / "library"
DEMO_PATTERN = """\
products/{vendor}/…
tenders/{tender}/{supplier}/…
registry/{district}/…
customers/{customer}/…"""
# How the demo library is mounted; demo/README.md says what is in it.
DEMO_OPTIONS = (
    *("--name", "Demo library"),
    *("--manifest", "manifest.csv"),
    *("--attributes", DEMO_PATTERN),
)
MANAGE = (sys.executable, str(CHECKOUT / "manage.py"))
READY_SECONDS = 60


class CannotRun(Exception):
    """One line that says what to do."""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m dedup_site.run", description=__doc__)
    parser.add_argument("--library", type=Path, default=DEMO_LIBRARY, help="folder to scan")
    parser.add_argument("--port", type=int, default=8000, help="port of the web site")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _check_port(options.port)
        folder = options.library.expanduser().resolve()
        _check_library(folder)
        _run(folder, options.port)
    except KeyboardInterrupt:
        _say("\nStopped.")
    except (CannotRun, ChildDied, embedded.EmbeddedError) as error:
        sys.exit(str(error))
    except (DatabaseError, OSError) as error:
        sys.exit(f"Second Look cannot go on: {str(error).splitlines()[0]}")


def _run(folder: Path, port: int) -> None:
    data_dir = Path(os.environ.get("DATA_DIR") or CHECKOUT / "var").resolve()
    logs = data_dir / "logs"
    os.environ["DATA_DIR"] = str(data_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dedup_site.settings")
    _say("Starting the database and the queue")
    with embedded.environment(data_dir):
        django.setup()
        _say("Bringing the database up to date")
        call_command("migrate", verbosity=0)
        call_command("demo_users")
        with Children() as children:
            _say("Starting the worker and the web site")
            children.start("The worker", _worker(data_dir), logs / "worker.log")
            children.start("The web site", _web_site(port), logs / "web.log")
            _wait_until_ready(children, port)
            _say(f"The site is up at http://{HOST}:{port}/. Scanning {folder}")
            children.start("The audit log", _sequencer(), logs / "audit.log")
            report = _scan(children, folder)
            _show_records(children, folder)
            for line in _summary(port, report, logs):
                _say(line)
            children.watch()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stop once, in order; a second Ctrl-C must not leave anything running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            raise CannotRun(
                f"Port {port} is taken: stop what uses it, or choose another: make run"
                f" PORT={port + 1}"
                if taken
                else f"Port {port} cannot be used. Choose another: make run PORT=8000"
            ) from error


def _check_library(folder: Path) -> None:
    advice = "Name another: make run LIBRARY=/path/to/pictures"
    if not folder.exists():
        raise CannotRun(f"There is no folder {folder}. {advice}")
    if not folder.is_dir():
        raise CannotRun(f"{folder} is a file, not a folder. {advice}")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise CannotRun(f"You may not read the folder {folder}. {advice}")
    kinds = {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}
    names = (name for _folder, _folders, files in os.walk(folder) for name in files)
    if not any(Path(name).suffix.lower() in kinds for name in names):
        raise CannotRun(f"The folder {folder} has no pictures in it. {advice}")


def _worker(data_dir: Path) -> list[str]:
    schedule = data_dir / "beat-schedule"
    cores = str(os.cpu_count() or 1)
    command = [sys.executable, "-m", "celery", "--app", "dedup_site", "worker", "--beat"]
    command += ["--schedule", str(schedule), "--concurrency", cores]
    return [*command, "--without-gossip", "--without-mingle"]


def _sequencer() -> list[str]:
    """Its own process, so that a long scan does not keep the log waiting."""
    command = [sys.executable, "-m", "celery", "--app", "dedup_site", "worker", "--queues", "audit"]
    command += ["--pool", "solo", "--hostname", "audit@%h"]
    return [*command, "--without-gossip", "--without-mingle"]


def _web_site(port: int) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}"]
    command += ["--worker-class", "gthread", "--workers", "2", "--threads", "8"]
    # Its place would be the home folder, which may not be writable.
    return [*command, "--no-control-socket", "dedup_site.wsgi"]


def _wait_until_ready(children: Children, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not (_answers(port) and app.control.ping(timeout=0.5, limit=1)):
        children.check()
        if time.monotonic() > deadline:
            raise CannotRun(
                f"The web site or the worker does not answer after {READY_SECONDS} seconds."
                " web.log and worker.log in the folder logs of DATA_DIR may say why."
            )
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _scan(children: Children, folder: Path) -> dict[str, Any]:
    command = [*MANAGE, "quickstart", str(folder)]
    if folder == DEMO_LIBRARY:
        command += DEMO_OPTIONS
    code, output = children.run([*command, "--no-serve", "--json"])
    if code != 0:
        raise CannotRun(f"The scan of {folder} failed; the lines above say why.")
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report


def _show_records(children: Children, folder: Path) -> None:
    """A hold and plans, in the demo library alone; a failure says so in a line of its own."""
    from review import demo  # needs django.setup()

    if folder == DEMO_LIBRARY and demo.is_untouched():
        children.run([*MANAGE, "demo_records", str(folder)])


def _summary(port: int, report: dict[str, Any], logs: Path) -> Iterator[str]:
    from dedup_site.accounts.demo import DEMO_USERS  # needs django.setup()

    pairs = ", ".join(
        f"{count} {tier.replace('_', ' ')}" for tier, count in report["pairs"].items()
    )
    yield ""
    yield f"Second Look runs at http://{HOST}:{port}/"
    yield ""
    yield f"  {'user':<12}{'password':<26}role"
    for person in DEMO_USERS:
        yield f"  {person.username:<12}{person.password:<26}{person.role.label}"
    yield ""
    yield f"  Library {report['library']}: {report['files']} files, {report['errors']} with errors,"
    yield f"  {report['pictures']} different pictures. Pairs: {pairs}."
    yield f"  Logs are in {logs}."
    yield ""
    yield "Press Ctrl-C to stop."


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
