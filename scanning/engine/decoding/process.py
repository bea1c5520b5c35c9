"""One decoding child process, as its parent sees it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from scanning.engine.decoding import protocol
from scanning.engine.decoding.child import MEMORY_EXIT
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.reading import Limits

START_SECONDS: Final = 60.0
_PROJECT: Final = Path(__file__).resolve().parents[3]


class Child:
    """A running child. Any exception of `ask` but PictureError("...") leaves it unusable."""

    def __init__(self, limits: Limits) -> None:
        """Start it and wait until it is ready. RuntimeError when it cannot start at all."""
        self._limits = limits
        self.answered = 0
        self._socket, theirs = socket.socketpair()
        arguments = (
            theirs.fileno(),
            os.getpid(),
            limits.max_pixels,
            limits.seconds,
            limits.memory_bytes,
        )
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-s",
                    "-P",
                    "-m",
                    "scanning.engine.decoding.child",
                    *map(str, arguments),
                ],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the parent, which then stops the child
            )
        try:
            self._receive(START_SECONDS)
        except (OSError, EOFError, protocol.ProtocolError) as error:
            self.kill()
            raise RuntimeError(f"The picture decoder does not start: {self._said()}") from error
        self._said(most=0)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, fd: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Send one open file with a request and return header and body of the answer.

        PictureError "timeout", "crashed" or "memory" when the child is no more; it must then be
        thrown away.
        """
        try:
            socket.send_fds(self._socket, [protocol.pack(request)], [fd])
            answer = self._receive(self._limits.seconds)
        except TimeoutError:
            self.kill()
            raise _timeout(self._limits) from None
        except (OSError, EOFError):
            raise self._cause_of_death() from None
        except protocol.ProtocolError:
            self.kill()
            raise crashed("it gave an answer that makes no sense") from None
        self.answered += 1
        return answer

    def kill(self) -> None:
        """End the child at once and reap it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Let go of a child that belongs to another process (this one was forked)."""
        self._socket.close()
        self._process.returncode = 0

    def _said(self, most: int = 4096) -> str:
        """What the child wrote to its standard error before it was ready; closes that pipe."""
        if self._process.stderr is None:
            return ""
        with self._process.stderr as pipe:
            return pipe.read(most).decode(errors="replace").strip()

    def _receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + seconds
        header_length, body_length = protocol.lengths(
            self._receive_exactly(protocol.LENGTHS.size, deadline)
        )
        header = protocol.parse(self._receive_exactly(header_length, deadline))
        return header, self._receive_exactly(body_length, deadline)

    def _receive_exactly(self, count: int, deadline: float) -> bytes:
        received = bytearray(count)
        view = memoryview(received)
        while view:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            got = self._socket.recv_into(view)
            if not got:
                raise EOFError
            view = view[got:]
        return bytes(received)

    def _cause_of_death(self) -> PictureError:
        """Why the child has closed its end of the socket."""
        self._socket.close()
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()
            return crashed("it hung up")
        if code == -signal.SIGXCPU:
            return _timeout(self._limits)
        if code == MEMORY_EXIT:
            return memory(self._limits)
        if code < 0:
            return crashed(f"signal {-code}, {signal.Signals(-code).name}")
        return crashed(f"exit code {code}")


def crashed(why: str) -> PictureError:
    return PictureError("crashed", f"The decoder stopped unexpectedly on this picture ({why}).")


def memory(limits: Limits) -> PictureError:
    mebibytes = limits.memory_bytes // 1024**2
    return PictureError("memory", f"Decoding needs more than the {mebibytes} MiB allowed.")


def _timeout(limits: Limits) -> PictureError:
    return PictureError("timeout", f"Decoding took longer than {limits.seconds:g} seconds.")


def _environment() -> dict[str, str]:
    """Nothing of ours: no database address and no secret for a decoder that was taken over."""
    return {
        "PYTHONPATH": str(_PROJECT),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Keep freed picture memory for the next picture, rather than have the kernel clear new
        # pages for each one.
        "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
        "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2),
    }
