"""`make run`: clear refusals before anything starts, and nothing left running afterwards."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from dedup_site.processes import ChildDied, Children

SLEEP = [sys.executable, "-c", "import time; print('zzz', flush=True); time.sleep(600)"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for colour in ("teal", "sienna"):
        Image.new("RGB", (320, 240), colour).save(pictures / f"{colour}.png")
    return pictures


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@contextmanager
def second_look(folder: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """`make run` without the set-up, with servers of its own."""
    ours = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "LIBRARY_ROOTS"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = [
        sys.executable,
        "-m",
        "dedup_site.run",
        "--library",
        str(folder),
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def refusal(folder: Path, port: int) -> str:
    with second_look(folder, port) as process:
        output, errors = process.communicate()
        assert output == ""
        assert process.returncode == 1
        return errors


def processes_of(data_dir: Path) -> list[str]:
    """The command of every living process that has something to do with the data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text().replace("\0", " ")
            about = command + (process / "environ").read_text()
        except OSError:
            continue
        if command and str(data_dir) in about and process.name != str(os.getpid()):
            found.append(command)
    return found


def wait_for(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Everything printed up to the line that matches."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if re.search(pattern, line):
            return said
    pytest.fail(f"it ended without saying {pattern!r}:\n{said}\n{process.communicate()}")


def test_a_taken_port_is_refused(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refusal(folder, port) == (
            f"Port {port} is taken: stop what uses it, or choose another:"
            f" make run PORT={port + 1}\n"
        )


def test_an_impossible_port_is_refused(folder: Path) -> None:
    assert refusal(folder, 70000) == (
        "Port 70000 cannot be used. Choose another: make run PORT=8000\n"
    )


def test_a_missing_folder_is_refused(tmp_path: Path, port: int) -> None:
    assert refusal(tmp_path / "nowhere", port) == (
        f"There is no folder {tmp_path}/nowhere. Name another: make run LIBRARY=/path/to/pictures\n"
    )


def test_a_file_is_refused(folder: Path, port: int) -> None:
    assert refusal(folder / "teal.png", port) == (
        f"{folder}/teal.png is a file, not a folder."
        " Name another: make run LIBRARY=/path/to/pictures\n"
    )


def test_a_folder_without_pictures_is_refused(tmp_path: Path, port: int) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear all")
    assert refusal(tmp_path / "letters", port) == (
        f"The folder {tmp_path}/letters has no pictures in it."
        " Name another: make run LIBRARY=/path/to/pictures\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_an_unreadable_folder_is_refused(folder: Path, port: int) -> None:
    folder.chmod(0)
    assert refusal(folder, port) == (
        f"You may not read the folder {folder}. Name another: make run LIBRARY=/path/to/pictures\n"
    )


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_stops_everything(folder: Path, port: int, data_dir: Path) -> None:
    with second_look(folder, port) as process:
        said = wait_for(process, "Press Ctrl-C to stop")
        assert f"http://127.0.0.1:{port}/" in said
        assert re.search(r"reviewer +look-twice-then-decide +Reviewer", said)
        assert re.search(r"2 files, 0 with errors", said)
        assert not (data_dir / "demo-archive").exists()  # only the demo library gets records
        assert len(processes_of(data_dir)) > 4
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert processes_of(data_dir) == []


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_can_be_interrupted_before_it_is_ready(folder: Path, port: int, data_dir: Path) -> None:
    with second_look(folder, port) as process:
        wait_for(process, "Starting the worker")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert processes_of(data_dir) == []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int) -> None:
    while is_alive(pid):
        time.sleep(0.01)


def test_children_end_with_the_block_and_so_does_what_they_started(tmp_path: Path) -> None:
    nurse = (
        "import subprocess\n"
        f"baby = subprocess.Popen({SLEEP}, stdout=subprocess.DEVNULL)\n"
        "print(baby.pid, flush=True); baby.wait()"
    )
    log = tmp_path / "nurse.log"
    with Children() as children:
        children.start("The nurse", [sys.executable, "-c", nurse], log)
        while not log.read_text().endswith("\n"):
            time.sleep(0.01)
        baby = int(log.read_text())
        assert is_alive(baby)
    wait_until_gone(baby)


def test_a_child_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "baker.log"
    with Children() as children:
        children.start("The gardener", SLEEP, tmp_path / "gardener.log")
        children.start("The baker", [sys.executable, "-c", "print('no flour'); exit(3)"], log)
        with pytest.raises(ChildDied) as caught:
            children.watch()
    assert str(caught.value) == (
        f"The baker ended by itself (exit code 3). The last lines of {log}:\n  no flour"
    )


def test_a_command_runs_to_its_end_under_watch(tmp_path: Path) -> None:
    with Children() as children:
        children.start("The gardener", SLEEP, tmp_path / "gardener.log")
        command = [sys.executable, "-c", "print('found 3'); exit(4)"]
        assert children.run(command) == (4, "found 3\n")


def test_a_death_ends_the_command_that_runs(tmp_path: Path) -> None:
    with Children() as children:
        children.start("The baker", [sys.executable, "-c", "exit(3)"], tmp_path / "baker.log")
        with pytest.raises(ChildDied, match=r"The baker ended by itself \(exit code 3\)"):
            children.run(SLEEP)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    script = (
        "import sys; from pathlib import Path; from dedup_site.processes import Children\n"
        f"children = Children(); children.start('The child', {SLEEP}, Path(sys.argv[1]))\n"
        "print(children._running[0].process.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        while log.read_text() != "zzz\n":
            time.sleep(0.01)
        parent.kill()
    wait_until_gone(child)
