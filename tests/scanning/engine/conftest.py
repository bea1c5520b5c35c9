"""A decoder, and short ways to read pictures with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanning.engine.decoder import Decoder
from scanning.engine.errors import PictureError
from scanning.engine.reading import Reading
from tests.scanning.engine.pictures import opened

Read = Callable[[bytes], Reading]
Fail = Callable[[bytes], PictureError]


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
