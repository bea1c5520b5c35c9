"""Files of several pictures: pages, animations, what is left out, and what must not take long."""

import struct
from pathlib import Path

import pytest
from PIL import Image

from scanning.engine.decoding import answers, documents, keyframes, pages, protocol
from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.pages import read_file
from scanning.engine.decoding.reading import Limits
from tests.scanning.engine.conftest import Read, ReadWhole, Show
from tests.scanning.engine.pictures import encoded, opened, scene


def three() -> list[Image.Image]:
    """Three pages of different sizes; saving a picture leaves traces on it, so always new ones."""
    return [scene(seed=1), scene(320, 200, seed=2), scene(200, 320, seed=3).convert("L")]


def tiff(count: int, *, back_to: int | None = None, width: int = 2) -> bytes:
    """A TIFF of `count` pages of 2 x 2 pixels each that all share four bytes.

    back_to: the page that the last one names as the next. width: what the last one says of itself.
    """
    first, entries = 16, 8
    size = 2 + 12 * entries + 4
    out = bytearray(b"II*\0" + struct.pack("<I", first) + b"\x00\x60\xb0\xff" + bytes(4))
    for number in range(count):
        is_last = number == count - 1
        tags = {256: width if is_last else 2, 257: 2, 258: 8, 259: 1, 262: 1, 273: 8, 278: 2}
        out += struct.pack("<H", entries)
        for tag, value in (tags | {279: 4}).items():
            out += struct.pack("<HHII", tag, 4, 1, value)
        following = (back_to if back_to is not None else -1) if is_last else number + 1
        out += struct.pack("<I", first + following * size if following >= 0 else 0)
    return bytes(out)


def animation(name: str, frames: list[Image.Image], **options: object) -> bytes:
    return encoded(frames[0], name, save_all=True, append_images=frames[1:], **options)


def test_each_page_of_a_tiff_is_a_picture(read_whole: ReadWhole, read: Read) -> None:
    found = read_whole(animation("TIFF", three()))
    assert list(found.pages) == [0, 1, 2]
    assert (found.notice, found.failed) == ("", {})
    for number, page in enumerate(three()):
        reading, alone = found.pages[number], read(encoded(page, "PNG"))
        assert (reading.width, reading.height) == page.size
        assert (reading.format, reading.mode, reading.frames) == ("TIFF", page.mode, 3)
        assert reading.pixel_digest == alone.pixel_digest
        assert reading.signature == alone.signature


def test_everything_else_can_be_asked_of_a_page(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(animation("TIFF", three()))
    with opened(path) as fd:
        assert decoder.grey(fd, 1, max_edge=4096).shape == (200, 320)
        assert decoder.grey(fd, 2, max_edge=100).shape == (100, 62)
        assert decoder.pixel_digest(fd, 2) == decoder.read(fd, 2).pixel_digest
        assert decoder.pixel_digest(fd, 2) != decoder.pixel_digest(fd)
        assert decoder.render(fd, 1, max_edge=50) != decoder.render(fd, 2, max_edge=50)


def test_a_page_that_is_not_there_is_an_error(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(animation("TIFF", three()))
    with opened(path) as fd, pytest.raises(Exception, match="damaged"):
        decoder.read(fd, 3)


def test_smaller_versions_and_masks_of_a_page_are_no_pages(read_whole: ReadWhole) -> None:
    first, second, _ = three()
    thumbnail, mask = second.resize((32, 20)), second.convert("1")
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    mask.encoderinfo = {"tiffinfo": {254: 4}}
    found = read_whole(animation("TIFF", [first, thumbnail, second, mask]))
    assert list(found.pages) == [0, 2]
    assert found.notice == ""


def test_only_so_many_pages_are_read_and_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(100_000))
    with Decoder(Limits(max_pages=3)) as decoder, opened(path) as fd:
        found = read_file(decoder, fd)
    assert list(found.pages) == [0, 1, 2]
    assert found.notice == "Only the first 3 pages were read."
    assert found.pages[2].frames == documents.MOST_COUNTED


def test_nobody_counts_a_tiff_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(2_001))
    with path.open("rb") as stream:
        document = documents.opened(stream, 1000)
        assert document.count == documents.MOST_COUNTED == 2_000
        assert documents.chosen(document, 5_000, 1000) == (list(range(2_000)), True)


def test_as_many_pages_as_are_allowed_need_no_notice(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(3))
    with Decoder(Limits(max_pages=3)) as decoder, opened(path) as fd:
        assert read_file(decoder, fd).notice == ""


@pytest.mark.parametrize("back_to", [0, 1, 2])
def test_a_tiff_that_goes_round_in_a_circle_ends(read_whole: ReadWhole, back_to: int) -> None:
    found = read_whole(tiff(3, back_to=back_to))
    assert list(found.pages) == [0, 1, 2]


def test_a_page_that_is_too_large_costs_one_page(read_whole: ReadWhole) -> None:
    found = read_whole(tiff(3, width=2**31))
    assert list(found.pages) == [0, 1]
    assert found.failed[2].kind == "too_large"
    assert found.notice == (
        "Pages that could not be read: 1, the first of them page 3: "
        "The picture has more than 250 million pixels."
    )


def test_a_cut_tiff_loses_what_was_cut(read_whole: ReadWhole) -> None:
    found = read_whole(tiff(3)[:-60])
    assert list(found.pages) == [0, 1]
    assert found.notice.startswith("Pages that could not be read: 1, the first of them page 3: ")


def test_pages_that_end_the_child_end_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    large = Image.new("RGB", (10_000, 8_000))
    frames = [scene(), large, large, large, scene()]
    path.write_bytes(animation("TIFF", frames, compression="tiff_lzw"))
    with Decoder(Limits(memory_bytes=256 * 1024**2)) as decoder, opened(path) as fd:
        found = read_file(decoder, fd)
    assert list(found.pages) == [0]
    assert {number: error.kind for number, error in found.failed.items()} == {
        1: "memory",
        2: "memory",
    }
    assert found.notice.startswith("Only the first 3 pages were read. Pages that could not be read")


def test_all_pages_together_have_a_time_as_well(
    tmp_path: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(4))
    monkeypatch.setattr(pages, "PAGES_OF_TIME", 0)
    with opened(path) as fd:
        found = read_file(decoder, fd)
    assert list(found.pages) == [0]
    assert found.notice == "Only the first page was read."


def test_a_preview_beside_a_photograph_is_no_page(read_whole: ReadWhole) -> None:
    found = read_whole(animation("MPO", [scene(), scene(320, 240, seed=2)]))
    assert list(found.pages) == [0]
    assert (found.pages[0].format, found.pages[0].frames, found.notice) == ("MPO", 1, "")


def test_reading_says_that_it_lives_between_pages(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(4))
    said = []
    with opened(path) as fd:
        read_file(decoder, fd, lambda: said.append("alive"))
    assert said == ["alive"] * 4  # once before the pages are counted


def test_no_file_stays_open_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(4))
    with Decoder() as decoder, opened(path) as fd:
        read_file(decoder, fd)
        links = [str(link.readlink()) for link in Path(f"/proc/{decoder.pid}/fd").iterdir()]
    assert str(path) not in links


# Animations


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_frames_that_differ_clearly_are_pictures(read_whole: ReadWhole, name: str) -> None:
    frames = [scene(160, 120, seed=seed) for seed in (1, 1, 2, 2, 2, 3)]
    # Equal frames in a row become one frame that stays longer, unless something differs a little.
    for number, frame in enumerate(frames):
        frame.paste((40 * number, 0, 0), (0, 0, 20, 20))
    found = read_whole(animation(name, frames, duration=100))
    assert list(found.pages) == [0, 2, 5]
    assert {reading.frames for reading in found.pages.values()} == {6}
    assert found.notice == ""


def test_what_moves_a_little_is_one_picture(read_whole: ReadWhole) -> None:
    frames = [scene(320, 240).quantize(64) for _ in range(20)]
    for number, frame in enumerate(frames):
        frame.paste(number, (10 * number, 100, 10 * number + 20, 120))
    found = read_whole(animation("GIF", frames))
    assert list(found.pages) == [0]
    assert found.pages[0].frames == 20


def test_key_frames_show_what_the_animation_shows(read_whole: ReadWhole, show: Show) -> None:
    frames = [scene(160, 120, seed=seed) for seed in (1, 2)]
    data = animation("WEBP", frames, lossless=True)
    assert list(read_whole(data).pages) == [0, 1]
    expected = show(encoded(frames[1], "PNG"), 0)
    assert (show(data, 1) == expected).all()


def test_no_more_than_eight_key_frames_of_thousands(read_whole: ReadWhole) -> None:
    two = [scene(32, 24, seed=seed).quantize(16) for seed in (1, 2)]
    found = read_whole(animation("GIF", [two[number % 2] for number in range(3_000)]))
    assert list(found.pages) == list(range(keyframes.MOST_KEY_FRAMES)) == list(range(8))
    assert found.pages[0].frames == 3_000


def test_how_far_is_looked_depends_on_pixels_alone(tmp_path: Path) -> None:
    path = tmp_path / "late.gif"
    same = scene(100, 100, seed=1).quantize(16)
    frames = [same.copy() for _ in range(10)]
    for number, frame in enumerate(frames):
        frame.putpixel((number, 0), 3)
    path.write_bytes(animation("GIF", [*frames, scene(100, 100, seed=2).quantize(16)]))
    for max_pixels, expected in ((200_000, [0, 10]), (199_999, [0])):
        with Decoder(Limits(max_pixels=max_pixels)) as decoder, opened(path) as fd:
            assert list(read_file(decoder, fd).pages) == expected


def test_a_later_frame_that_is_too_large_leaves_the_first(read_whole: ReadWhole) -> None:
    pixel = b"\0\x02\x02\x44\x01\0"
    small, large = (b",\0\0\0\0" + 2 * edge + pixel for edge in (b"\x01\0", b"\xff\xff"))
    found = read_whole(b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + small + large + b";")
    assert list(found.pages) == [0]
    assert found.notice == (
        "Only the first page could be read: The picture has more than 250 million pixels."
    )


@pytest.mark.parametrize(
    "header",
    [
        {"pages": [0]},
        {"pages": [], "more": False},
        {"pages": [1, 2], "more": False},
        {"pages": [0, 2, 1], "more": False},
        {"pages": [0, 1, 1], "more": False},
        {"pages": [0, 1, 2, 3], "more": False},
        {"pages": [0, True], "more": False},
        {"pages": [0, 10**7], "more": False},
        {"pages": [0, 1], "more": 1},
        {"pages": "01", "more": False},
    ],
)
def test_a_list_of_pages_that_makes_no_sense_is_refused(header: dict[str, object]) -> None:
    assert answers.pages({"pages": [0, 2, 5], "more": True}, 3) == ([0, 2, 5], True)
    with pytest.raises(protocol.ProtocolError):
        answers.pages(header, 3)
