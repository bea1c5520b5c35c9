"""Renditions: what is sent to a browser instead of the untrusted file."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.errors import PictureError
from tests.scanning.engine.pictures import encoded, opened, oriented, png_claiming, scene

Render = Callable[[bytes, int], Image.Image]


@pytest.fixture
def render(decoder: Decoder, tmp_path: Path) -> Render:
    def render(data: bytes, max_edge: int) -> Image.Image:
        path = tmp_path / "picture"
        path.write_bytes(data)
        with opened(path) as fd:
            return Image.open(io.BytesIO(decoder.render(fd, max_edge=max_edge)))

    return render


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    difference = np.asarray(one, np.int16) - np.asarray(other.convert(one.mode), np.int16)
    return float(np.abs(difference).mean())


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced(render: Render, name: str) -> None:
    shown = render(encoded(scene(3000, 2000), name), 600)
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (600, 400))
    assert mean_difference(shown, scene(3000, 2000).resize((600, 400))) < 3


def test_a_small_picture_is_not_enlarged(render: Render) -> None:
    assert render(encoded(scene(64, 48), "PNG"), 600).size == (64, 48)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(render: Render, orientation: int) -> None:
    shown = render(oriented(scene(), orientation), 320)
    assert shown.size == (320, 240)
    assert mean_difference(shown, scene().resize((320, 240))) < 3


def test_no_metadata_leaves_the_house(render: Render) -> None:
    exif = Image.Exif()
    exif[0x013B] = "the artist"
    exif.get_ifd(0x8825)[1] = "N"
    shown = render(encoded(scene(), "JPEG", exif=exif, comment=b"a secret"), 320)
    assert not shown.getexif()
    assert "comment" not in shown.info
    assert "icc_profile" not in shown.info


def test_transparency_becomes_white_and_16_bits_become_8(render: Render) -> None:
    assert render(encoded(Image.new("RGBA", (50, 40)), "PNG"), 99).getpixel((5, 5)) == (
        255,
        255,
        255,
    )
    ramp = Image.fromarray(np.tile(np.arange(0, 65536, 256, dtype=np.uint16), (64, 1)))
    shown = render(encoded(ramp, "PNG"), 256)
    assert shown.mode == "L"
    assert np.abs(np.asarray(shown, np.int16)[32] - np.arange(256)).max() <= 3


@pytest.mark.parametrize("size", [(5000, 2), (1, 3000)])
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_strips_keep_at_least_one_pixel(render: Render, name: str, size: tuple[int, int]) -> None:
    shown = render(encoded(scene(*size), name), 100)
    assert max(shown.size) == 100
    assert min(shown.size) == 1


def test_what_cannot_be_read_cannot_be_shown(render: Render) -> None:
    with pytest.raises(PictureError) as caught:
        render(png_claiming(60_000, 60_000), 100)
    assert caught.value.kind == "too_large"


def test_the_edge_must_make_sense(render: Render) -> None:
    with pytest.raises(ValueError, match="max_edge"):
        render(encoded(scene(), "PNG"), 0)


Part = Callable[[bytes, tuple[int, int, int, int]], Image.Image]


@pytest.fixture
def part(decoder: Decoder, tmp_path: Path) -> Part:
    def part(data: bytes, box: tuple[int, int, int, int]) -> Image.Image:
        left, top, width, height = box
        path = tmp_path / "picture"
        path.write_bytes(data)
        with opened(path) as fd:
            found = decoder.part(fd, left=left, top=top, width=width, height=height)
        return Image.open(io.BytesIO(found))

    return part


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_part_is_cut_from_the_upright_picture(part: Part, orientation: int) -> None:
    shown = part(oriented(scene(), orientation), (200, 30, 100, 160))
    assert (shown.format, shown.size) == ("JPEG", (100, 160))
    assert mean_difference(shown, scene().crop((200, 30, 300, 190))) < 3


def test_a_part_ends_where_the_picture_does(part: Part) -> None:
    data = encoded(scene(), "PNG")
    assert part(data, (620, 440, 2048, 2048)).size == (20, 40)
    assert part(data, (0, 0, 1, 1)).size == (1, 1)


def test_a_part_of_a_deep_picture_is_as_bright_as_in_the_whole(part: Part, render: Render) -> None:
    ramp = Image.fromarray(np.tile(np.arange(0, 65536, 256, dtype=np.uint16), (64, 1)))
    data = encoded(ramp, "PNG")
    shown = part(data, (128, 0, 64, 64))
    assert mean_difference(shown, render(data, 256).crop((128, 0, 192, 64))) < 1


def test_a_part_outside_the_picture_is_an_error(part: Part) -> None:
    data = encoded(scene(), "PNG")
    with pytest.raises(PictureError) as caught:
        part(data, (640, 0, 10, 10))
    assert caught.value.message == "There is no such part of the picture."


@pytest.mark.parametrize("box", [(0, 0, 2049, 1), (0, 0, 1, 0), (-1, 0, 1, 1)])
def test_a_part_has_limits(part: Part, box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="1 to 2048"):
        part(encoded(scene(), "PNG"), box)
