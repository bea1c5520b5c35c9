"""One bad file costs one file: damage, bombs, crashes, hangs, and what the child may do."""

import os
import pickle
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from scanning.engine.decoding import answers, protocol
from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.process import Child
from scanning.engine.decoding.reading import Limits
from tests.scanning.engine.conftest import Fail, Read
from tests.scanning.engine.pictures import HOSTILE, encoded, opened, png_claiming, scene

PNG = encoded(scene(), "PNG")


@pytest.fixture
def picture(tmp_path: Path) -> Iterator[int]:
    """An open file with a good picture."""
    path = tmp_path / "good.png"
    path.write_bytes(PNG)
    with opened(path) as fd:
        yield fd


@contextmanager
def stopped(pid: int | None, then: signal.Signals) -> Iterator[None]:
    """Stop a child, so that it hangs on its next request, and send it a signal a moment later."""
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(0.2, os.kill, (pid, then))
    timer.start()
    try:
        yield
    finally:
        timer.join()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("PPM", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {}),
        ("JPEG2000", {}),
    ],
)
def test_a_truncated_file_is_an_error(
    fail: Fail, read: Read, name: str, options: dict[str, object]
) -> None:
    data = encoded(scene(), name, **options)
    assert read(data).format == name
    error = fail(data[: len(data) // 2])
    assert (error.kind, error.message) == ("truncated", "The file ends before the picture does.")


def test_an_empty_file(fail: Fail) -> None:
    error = fail(b"")
    assert (error.kind, error.message) == ("empty", "The file is empty.")


@pytest.mark.parametrize(
    "data",
    [
        b"just some words\n" * 100,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"8BPS\0\1" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bytes(1000),
    ],
)
def test_other_files_and_other_formats_are_unsupported(fail: Fail, data: bytes) -> None:
    assert fail(data).kind == "unsupported"


def test_damaged_pixels_are_broken(fail: Fail) -> None:
    for damage in (PNG.replace(b"IDAT", b"IDAT" + bytes(50), 1), PNG[:9000] + PNG[9100:]):
        error = fail(damage)
        assert error.kind == "broken"
        assert error.message == "The picture is damaged and cannot be decoded."


@pytest.mark.parametrize("edge", [20_000, 60_000])
def test_a_bomb_is_recognised_by_its_header(fail: Fail, edge: int) -> None:
    error = fail(png_claiming(edge, edge))
    assert error.kind == "too_large"
    assert error.message == "The picture has more than 250 million pixels."


def test_the_pixel_limit_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(scene(100, 10), "PNG"))
    with opened(path) as fd:
        with Decoder(Limits(max_pixels=1000)) as decoder:
            assert decoder.read(fd).width == 100
        with Decoder(Limits(max_pixels=999)) as decoder, pytest.raises(PictureError) as caught:
            decoder.read(fd)
    assert caught.value.kind == "too_large"


def test_a_picture_needing_more_memory_than_allowed(tmp_path: Path, picture: int) -> None:
    path = tmp_path / "large"
    path.write_bytes(encoded(Image.new("RGB", (10_000, 8_000)), "PNG", compress_level=1))
    with Decoder(Limits(memory_bytes=256 * 1024**2)) as decoder, opened(path) as large:
        decoder.read(picture)
        with pytest.raises(PictureError) as caught:
            decoder.read(large)
        assert decoder.read(picture).format == "PNG"
    assert caught.value.kind == "memory"
    assert caught.value.message == "Decoding needs more than the 256 MiB allowed."


def test_a_crash_on_the_first_picture_is_reported(picture: int) -> None:
    child = Child(Limits())
    with stopped(child.pid, signal.SIGKILL), pytest.raises(PictureError) as caught:
        child.ask(picture, {"do": "read"})
    assert caught.value.kind == "crashed"
    assert "signal 9, SIGKILL" in caught.value.message


def test_a_crash_later_gets_a_second_chance_in_a_fresh_child(picture: int) -> None:
    with Decoder() as decoder:
        before, first = decoder.read(picture), decoder.pid
        with stopped(first, signal.SIGKILL):
            assert decoder.read(picture) == before
        assert decoder.pid != first


def test_a_child_that_died_while_idle_is_replaced(picture: int) -> None:
    with Decoder() as decoder:
        before = decoder.read(picture)
        assert decoder.pid is not None
        os.kill(decoder.pid, signal.SIGKILL)
        assert decoder.read(picture) == before


def test_a_child_that_hangs_is_a_timeout(picture: int) -> None:
    with Decoder(Limits(seconds=0.3)) as decoder:
        decoder._running()
        with stopped(decoder.pid, signal.SIGSTOP), pytest.raises(PictureError) as caught:
            decoder.read(picture)
        assert decoder.pid is None
        assert decoder.read(picture).format == "PNG"
    assert caught.value.kind == "timeout"
    assert caught.value.message == "Decoding took longer than 0.3 seconds."


def test_closing_ends_the_child_and_the_decoder_can_go_on(picture: int) -> None:
    with Decoder() as decoder:
        decoder.read(picture)
        pid = decoder.pid
        decoder.close()
        assert decoder.pid is None
        assert not Path(f"/proc/{pid}").exists()
        assert decoder.read(picture).format == "PNG"
    decoder.close()


def test_no_child_is_started_before_it_is_needed(tmp_path: Path) -> None:
    with Decoder() as decoder:
        assert decoder.pid is None


def test_a_forked_process_gets_a_child_of_its_own(picture: int) -> None:
    with Decoder() as decoder:
        before, first = decoder.read(picture), decoder.pid
        forked = os.fork()
        if forked == 0:
            try:
                same = decoder.read(picture) == before and decoder.pid != first
                decoder.close()
            finally:
                os._exit(0 if same else 1)
        _, status = os.waitpid(forked, 0)
        assert status == 0
        assert decoder.read(picture) == before
        assert decoder.pid == first


def test_the_child_holds_nothing_worth_stealing(
    picture: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for the child")
    with Decoder(Limits(memory_bytes=10**9)) as decoder:
        decoder.read(picture)
        proc = Path(f"/proc/{decoder.pid}")
        environment = (proc / "environ").read_bytes()
        limits = re.sub(" +", " ", (proc / "limits").read_text())
        status = (proc / "status").read_text()
        files = [str(link.readlink()) for link in (proc / "fd").iterdir()]
    assert b"SECRET" not in environment
    assert b"DATABASE" not in environment
    assert "Max address space 1000000000 1000000000 bytes" in limits
    assert "Max open files 16 16 files" in limits
    assert "Max file size 0 0 bytes" in limits
    assert "Max core file size 0 0 bytes" in limits
    assert "NoNewPrivs:\t1" in status
    assert sorted(name.partition(":")[0] for name in files) == ["/dev/null"] * 3 + ["socket"]


def test_the_file_stays_open_and_a_writable_one_is_refused(tmp_path: Path, picture: int) -> None:
    with Decoder() as decoder:
        decoder.read(picture)
        assert os.fstat(picture).st_size == len(PNG)
        path = tmp_path / "writable"
        path.write_bytes(PNG)
        with path.open("r+b") as file, pytest.raises(ValueError, match="reading only"):
            decoder.read(file.fileno())


def test_a_folder_is_unreadable(tmp_path: Path) -> None:
    with Decoder() as decoder, opened(tmp_path) as fd, pytest.raises(PictureError) as caught:
        decoder.read(fd)
    assert (caught.value.kind, caught.value.message) == (
        "unreadable",
        "This is not a regular file.",
    )


def test_the_digest_on_demand_is_that_of_the_full_decode(decoder: Decoder, tmp_path: Path) -> None:
    photo, copy = tmp_path / "photo", tmp_path / "copy"
    photo.write_bytes(encoded(scene(2000, 1500), "JPEG", quality=90))
    with Image.open(photo) as image:
        copy.write_bytes(encoded(image, "PNG"))
    with opened(photo) as fd, opened(copy) as other:
        assert decoder.read(fd).pixel_digest is None
        digest = decoder.pixel_digest(fd)
        assert digest == decoder.read(other).pixel_digest
        assert digest == decoder.pixel_digest(other)


def test_errors_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(PictureError("broken", "Damaged.")))  # noqa: S301  # our own
    assert (error.kind, error.message, str(error)) == ("broken", "Damaged.", "Damaged.")
    with pytest.raises(ValueError, match="unknown kind"):
        PictureError("odd", "")


HONEST = {
    "format": "PNG",
    "mode": "RGB",
    "metadata": {"artist": "A"},
    "width": 10,
    "height": 10,
    "frames": 1,
    "pixel_digest": None,
}


@pytest.mark.parametrize(
    "lie",
    [
        {"format": "EPS"},
        {"format": ["PNG"]},
        {"mode": "<script>"},
        {"mode": None},
        {"metadata": {"path": "/etc/passwd"}},
        {"metadata": []},
        {"width": 0},
        {"width": 10**9},
        {"width": 20_000, "height": 20_000},
        {"height": True},
        {"frames": 1.5},
        {"pixel_digest": "00"},
        {"pixel_digest": 7},
        {"more": 1},
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(lie: dict[str, object]) -> None:
    body = os.urandom(128 * 128)
    assert answers.reading(HONEST, body, Limits()).metadata == {"artist": "A"}
    with pytest.raises(protocol.ProtocolError):
        answers.reading(HONEST | lie, body, Limits())
    with pytest.raises(protocol.ProtocolError):
        answers.reading(HONEST, body[1:], Limits())


@pytest.mark.parametrize("prefix", ["0000000100000000", "ffffffff00000000", "00000002ffffffff"])
def test_a_frame_of_absurd_length_is_refused(prefix: str) -> None:
    with pytest.raises(protocol.ProtocolError):
        protocol.lengths(bytes.fromhex(prefix))


def test_every_hostile_file_is_read_or_recorded(picture: int) -> None:
    if not HOSTILE.is_dir():
        pytest.skip("the hostile pictures of ../shared/data are not here")
    ends = []
    with Decoder() as decoder:
        for path in sorted(HOSTILE.iterdir()):
            with opened(path) as fd:
                try:
                    decoder.read(fd)
                    ends.append("read")
                except PictureError as error:
                    ends.append(error.kind)
        assert decoder.read(picture).format == "PNG"
    assert len(ends) > 60
    assert set(ends) == {"read", "truncated", "broken", "unsupported", "too_large"}
