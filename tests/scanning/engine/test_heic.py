"""HEIC, and what is said where its library is not installed."""

from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.heic import is_heic
from tests.scanning.engine.conftest import Fail, Lack, Read, ReadWhole
from tests.scanning.engine.pictures import distance, encoded, opened, oriented, scene

pillow_heif.register_heif_opener()


def heic(*pictures: Image.Image, **options: object) -> bytes:
    return encoded(pictures[0], "HEIF", save_all=True, append_images=pictures[1:], **options)


def test_a_heic_picture_is_that_picture(read: Read) -> None:
    reading = read(heic(scene(), quality=90))
    assert (reading.format, reading.mode, reading.frames) == ("HEIF", "RGB", 1)
    assert (reading.width, reading.height) == (640, 480)
    assert distance(reading.phash256, read(encoded(scene(), "PNG")).phash256) <= 8


def test_it_stands_upright(read: Read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = scene().transpose(Image.Transpose.ROTATE_90)
    reading = read(heic(turned, quality=90, exif=exif.tobytes()))
    assert (reading.width, reading.height) == (640, 480)
    assert distance(reading.phash256, read(oriented(scene(), 6)).phash256) <= 8


def test_each_of_several_pictures_is_read(read_whole: ReadWhole) -> None:
    found = read_whole(heic(scene(), scene(320, 200, seed=2), scene(seed=3), primary_index=1))
    assert [(reading.width, reading.frames) for reading in found.pages.values()] == [
        (640, 3),
        (320, 3),
        (640, 3),
    ]
    assert found.notice == ""


def test_transparency_is_laid_on_white(read: Read) -> None:
    clear = scene()
    clear.putalpha(0)
    assert read(heic(clear, quality=-1)).phash256 is None


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_cut_file_is_an_error(fail: Fail, share: float) -> None:
    data = heic(scene())
    assert fail(data[: int(share * len(data))]).kind in ("truncated", "broken")


def test_damaged_pixels_are_an_error_or_a_picture(read: Read) -> None:
    data = bytearray(heic(scene()))
    data[-2000:-1000] = bytes(1000)
    try:
        assert read(bytes(data)).format == "HEIF"
    except PictureError as error:
        assert error.kind == "broken"  # noqa: PT017  either end is right


def test_it_is_known_by_its_brands_not_by_its_name() -> None:
    assert is_heic(heic(scene(32, 32)))
    assert is_heic(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + bytes(40))
    assert not is_heic(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(40))
    assert not is_heic(encoded(scene(32, 32), "AVIF"))
    assert not is_heic(encoded(scene(32, 32), "JPEG2000"))
    assert not is_heic(b"")


def test_without_its_library_the_error_names_the_extra(lack: Lack, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(heic(scene()))
    with opened(path) as fd, pytest.raises(PictureError) as caught:
        lack("pillow_heif").read(fd)
    assert (caught.value.kind, caught.value.message) == (
        "not_installed",
        "HEIC pictures are read when the extra “heic” is installed: pip install pillow-heif",
    )
