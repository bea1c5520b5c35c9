"""PDF: each page a picture, drawn at 200 dpi and never larger than 4096 pixels."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.pages import read_file
from scanning.engine.decoding.reading import Limits
from tests.scanning.engine.conftest import Fail, Lack, Read, ReadWhole, Show
from tests.scanning.engine.pdfs import A4, SQUARE, pdf
from tests.scanning.engine.pictures import distance, encoded, opened, scene

BLUE = 29  # as grey


def test_a_page_is_drawn_on_white(read: Read, show: Show) -> None:
    reading = read(pdf(SQUARE))
    assert (reading.format, reading.mode, reading.frames) == ("PDF", "RGB", 1)
    assert (reading.width, reading.height) == (1653, 2339)  # 210 x 297 mm at 200 dpi
    assert reading.metadata == {}
    page = show(pdf(SQUARE), 0)
    assert page.shape == (2339, 1653)
    blue = np.argwhere(page == BLUE)
    inches = [round(float(edge) / 200 * 72) for edge in (*blue.min(axis=0), *blue.max(axis=0))]
    assert inches == [842 - 600, 100, 842 - 200, 400]  # top, left, bottom, right in points
    assert set(np.unique(page[:400])) == {255}


def test_each_page_is_a_picture(read_whole: ReadWhole, read: Read) -> None:
    operators = [SQUARE, b"", b"1 0 0 rg 50 50 500 20 re f"]
    found = read_whole(pdf(*operators))
    assert list(found.pages) == [0, 1, 2]
    digests = {number: reading.pixel_digest for number, reading in found.pages.items()}
    assert digests == {
        number: read(pdf(page)).pixel_digest for number, page in enumerate(operators)
    }
    assert found.pages[1].signature is None  # an empty page


def test_a_scan_in_a_pdf_is_near_to_the_scan(read_whole: ReadWhole, read: Read) -> None:
    pages = [scene(850, 1100, seed=seed) for seed in (1, 2)]
    data = encoded(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=100)
    found = read_whole(data)
    for number, seed in ((0, 1), (1, 2)):
        assert (found.pages[number].width, found.pages[number].height) == (1700, 2200)
        alone = read(encoded(scene(850, 1100, seed=seed), "PNG"))
        assert distance(found.pages[number].phash256, alone.phash256) <= 6


def test_a_turned_page_stands_as_it_is_read(read: Read) -> None:
    reading = read(pdf(SQUARE, extra="/Rotate 90"))
    assert (reading.width, reading.height) == (2339, 1653)


def test_what_is_filled_in_is_drawn(read: Read) -> None:
    """A form whose fields were left out would look like every other one."""

    def form(shade: bytes) -> bytes:
        look = b"%b g 0 0 200 50 re f" % shade
        field = (
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /Rect [100 100 300 150] /F 4 "
            b"/AP << /N 6 0 R >> >>"
        )
        stream = (
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 50] /Length %d >>\nstream\n%b\n"
            b"endstream" % (len(look), look)
        )
        return pdf(
            SQUARE,
            more=(field, stream),
            extra="/Annots [5 0 R]",
            root="/AcroForm << /Fields [5 0 R] >>",
        )

    digests = {read(data).pixel_digest for data in (form(b"0"), form(b"0.5"), pdf(SQUARE))}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("0 0 14400 14400", (4096, 4096)),
        ("0 0 1000000 1", (4096, 1)),
        ("0 0 72 72", (200, 200)),
        ("0 0 0.001 0.001", (1, 1)),
    ],
)
def test_pages_of_any_size_are_drawn(read: Read, box: str, size: tuple[int, int]) -> None:
    reading = read(pdf(SQUARE, box=box))
    assert (reading.width, reading.height) == size


def test_a_page_without_a_sensible_size_is_no_trouble(read: Read) -> None:
    for box in ("0 0 0 0", "0 0 1e9 1e9", "0 0 -5 -5", "1 2 3"):
        assert read(pdf(SQUARE, box=box)).format == "PDF"


def test_a_page_is_drawn_within_the_pixel_limit(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf(SQUARE))
    with Decoder(Limits(max_pixels=10_000)) as decoder, opened(path) as fd:
        reading = decoder.read(fd)
    assert (reading.width, reading.height) == (84, 118)


def test_a_picture_bomb_within_a_page_is_no_bomb(read: Read) -> None:
    """A picture of 40,000 x 40,000 pixels in a few kilobytes."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(40_000 * 100)) for _ in range(400)) + packer.flush()
    picture = (
        b"<< /Type /XObject /Subtype /Image /Width 40000 /Height 40000 /ColorSpace /DeviceGray "
        b"/BitsPerComponent 8 /Filter [/FlateDecode] /Length %d >>\nstream\n%b\nendstream"
    ) % (len(data), data)
    bomb = pdf(
        b"q 500 0 0 500 50 50 cm /I Do Q",
        more=(picture,),
        extra="/Resources << /XObject << /I 5 0 R >> >>",
    )
    try:
        assert read(bomb).format == "PDF"
    except PictureError as error:
        assert error.kind in ("memory", "crashed", "timeout")  # noqa: PT017  either end is right


def test_ten_thousand_pages_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf(*[b""] * 10_000, box="0 0 72 72"))
    with Decoder(Limits(max_pages=20)) as decoder, opened(path) as fd:
        found = read_file(decoder, fd)
    assert list(found.pages) == list(range(20))
    assert found.pages[19].frames == 10_000
    assert found.notice == "Only the first 20 pages were read."


def test_a_page_count_that_is_a_lie_costs_nothing(read_whole: ReadWhole) -> None:
    found = read_whole(pdf(SQUARE, b"").replace(b"/Count 2", b"/Count 999999999"))
    assert list(found.pages) == [0, 1]


def test_a_damaged_page_costs_one_page(read_whole: ReadWhole) -> None:
    data = pdf(SQUARE, SQUARE, SQUARE)
    found = read_whole(data.replace(b"/Kids [3 0 R 4 0 R 5 0 R]", b"/Kids [3 0 R 9 0 R 5 0 R]"))
    assert list(found.pages) == [0, 2]
    assert found.notice == (
        "Pages that could not be read: 1, the first of them page 2: "
        "The page is damaged and cannot be drawn."
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", "truncated"),
        (pdf(SQUARE)[:200], "truncated"),
        (b"%PDF-1.7\n" + b"x" * 1000 + b"%%EOF", "broken"),
        (pdf(), "broken"),
    ],
)
def test_what_is_no_pdf_after_all_is_an_error(fail: Fail, data: bytes, kind: str) -> None:
    assert fail(data).kind == kind


def test_a_protected_pdf_says_so(fail: Fail) -> None:
    lock = (
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>"
    )
    data = pdf(SQUARE, more=(lock,))
    locked = data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R /ID [<41> <41>]")
    error = fail(locked)
    assert (error.kind, error.message) == ("unsupported", "The PDF is protected by a password.")


def test_a_pdf_is_known_by_its_first_bytes(read: Read, fail: Fail) -> None:
    assert read(b"\xef\xbb\xbf\n" + pdf(SQUARE)).format == "PDF"
    assert read(b"MIME-Version: 1.0\n\n" + pdf(SQUARE)).format == "PDF"
    photo = encoded(scene(), "JPEG", comment=b"%PDF-1.7")
    assert read(photo).format == "JPEG"


def test_without_its_library_the_error_names_the_extra(lack: Lack, tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf(SQUARE))
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(scene(), "PNG"))
    decoder = lack("pypdfium2")
    with opened(path) as fd, pytest.raises(PictureError) as caught:
        decoder.read(fd)
    assert (caught.value.kind, caught.value.message) == (
        "not_installed",
        "PDF files are read when the extra “pdf” is installed: pip install pypdfium2",
    )
    with opened(photo) as fd:
        assert decoder.read(fd).format == "PNG"


def test_the_size_of_a_page_is_that_of_its_box() -> None:
    assert A4 == "0 0 595 842"
