"""A decoder, and short ways to read pictures with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scanning.engine.decoding import process
from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.pages import FileReading, read_file
from scanning.engine.decoding.reading import Reading
from tests.scanning.engine.pictures import opened

Read = Callable[[bytes], Reading]
Fail = Callable[[bytes], PictureError]
ReadWhole = Callable[[bytes], FileReading]
Show = Callable[[bytes, int], NDArray[np.uint8]]
Lack = Callable[..., Decoder]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def read(decoder: Decoder, tmp_path: Path) -> Read:
    """Read a picture file of these bytes."""

    def read(data: bytes) -> Reading:
        path = tmp_path / "picture"
        path.write_bytes(data)
        with opened(path) as fd:
            return decoder.read(fd)

    return read


@pytest.fixture
def fail(read: Read) -> Fail:
    """Read a file of these bytes that cannot be read, and give the error."""

    def fail(data: bytes) -> PictureError:
        with pytest.raises(PictureError) as caught:
            read(data)
        return caught.value

    return fail


@pytest.fixture
def read_whole(decoder: Decoder, tmp_path: Path) -> ReadWhole:
    """Read every page of a file of these bytes."""

    def read_whole(data: bytes) -> FileReading:
        path = tmp_path / "file"
        path.write_bytes(data)
        with opened(path) as fd:
            return read_file(decoder, fd)

    return read_whole


@pytest.fixture
def show(decoder: Decoder, tmp_path: Path) -> Show:
    """A page of a file of these bytes, in grey and in its own size, at most 4096."""

    def show(data: bytes, page: int = 0) -> NDArray[np.uint8]:
        path = tmp_path / "file"
        path.write_bytes(data)
        with opened(path) as fd:
            return decoder.grey(fd, page, max_edge=4096)

    return show


@pytest.fixture
def lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lack]:
    """A decoder whose child cannot import these packages."""
    started = []

    def lack(*packages: str) -> Decoder:
        folder = tmp_path / "blocked"
        for package in packages:
            (folder / package).mkdir(parents=True)
            (folder / package / "__init__.py").write_text("raise ImportError('not here')")
        environment = process._environment()
        environment["PYTHONPATH"] = f"{folder}:{environment['PYTHONPATH']}"
        monkeypatch.setattr(process, "_environment", lambda: environment)
        started.append(Decoder())
        return started[-1]

    yield lack
    for decoder in started:
        decoder.close()
