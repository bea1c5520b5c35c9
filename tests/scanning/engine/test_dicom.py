"""DICOM: what a viewer shows at first, and nothing about a person."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.dicomhead import may_be_bare
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.pages import read_file
from tests.scanning.engine.conftest import Fail, Lack, Read, ReadWhole, Show
from tests.scanning.engine.dicoms import SECRET, dicom, steps
from tests.scanning.engine.pictures import encoded, opened, scene

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"


def shades(page: NDArray[np.uint8]) -> list[int]:
    """The grey of each stripe of `steps`."""
    assert (page == page[0]).all()
    return [int(shade) for shade in page[0, 10::20]]


def grey(seed: int = 1) -> NDArray[np.uint8]:
    return np.asarray(scene(seed=seed).convert("L"))


def encoded_dicom(data: bytes, syntax: str, frame: bytes) -> bytes:
    """The file with its pixels in another form."""
    changed = dcmread(DicomBytesIO(data))
    changed.file_meta.TransferSyntaxUID = UID(syntax)
    changed.PixelData = encapsulate([frame])
    changed["PixelData"].VR = "OB"
    buffer = DicomBytesIO()
    changed.save_as(buffer)
    return bytes(buffer.getvalue())


def test_eight_bits_are_shown_as_they_are(read: Read, show: Show) -> None:
    data = dicom(grey())
    reading = read(data)
    assert (reading.format, reading.mode, reading.frames) == ("DICOM", "L", 1)
    assert (reading.width, reading.height) == (640, 480)
    assert (show(data, 0) == grey()).all()
    assert reading.pixel_digest == read(encoded(scene().convert("L"), "PNG")).pixel_digest


def test_the_window_is_applied(show: Show) -> None:
    values = steps(0, 999, 1000, 1024, 1100, 1200, 65535)
    linear = dicom(values, WindowCenter=1100, WindowWidth=201)
    assert shades(show(linear, 0)) == [0, 0, 1, 31, 128, 255, 255]
    exact = dicom(values, WindowCenter=1100, WindowWidth=200, VOILUTFunction="LINEAR_EXACT")
    assert shades(show(exact, 0)) == [0, 0, 0, 31, 128, 255, 255]
    sigmoid = dicom(values, WindowCenter=1100, WindowWidth=200, VOILUTFunction="SIGMOID")
    assert shades(show(sigmoid, 0)) == [0, 30, 30, 46, 128, 225, 255]


def test_the_first_of_several_windows_counts(show: Show) -> None:
    data = dicom(steps(0, 50, 100), WindowCenter=[50.5, 5000], WindowWidth=[101, 9000])
    assert shades(show(data, 0)) == [0, 128, 255]


@pytest.mark.parametrize("width", [0, -5, "", [1, 2]])
def test_a_window_that_makes_no_sense_is_left_out(show: Show, width: object) -> None:
    data = dicom(steps(0, 300, 600), WindowCenter=300, WindowWidth=width)
    expected = [0, 255, 255] if width == [1, 2] else [0, 128, 255]
    assert shades(show(data, 0)) == expected


def test_values_are_rescaled_before_the_window(show: Show) -> None:
    """A CT: stored from 0, meant from -1024 on."""
    values = steps(0, 1024, 1064, 1124, 4000)
    data = dicom(values, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=50.5, WindowWidth=101)
    assert shades(show(data, 0)) == [0, 0, 102, 255, 255]
    doubled = dicom(
        values, RescaleSlope=2, RescaleIntercept=-2048, WindowCenter=100.5, WindowWidth=201
    )
    assert shades(show(doubled, 0)) == [0, 0, 102, 255, 255]


def test_signed_values_are_signed(show: Show) -> None:
    values = steps(-1000, 0, 1000, dtype=np.int16)
    assert shades(show(dicom(values), 0)) == [0, 128, 255]


def test_monochrome1_is_inverted(show: Show) -> None:
    values = steps(0, 64, 255, dtype=np.uint8)
    data = dicom(values, PhotometricInterpretation="MONOCHROME1")
    assert shades(show(data, 0)) == [255, 191, 0]
    deep = dicom(
        steps(0, 100, 50),
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=50.5,
        WindowWidth=101,
    )
    assert shades(show(deep, 0)) == [255, 0, 127]


def test_without_a_window_deep_values_use_their_own_range(show: Show) -> None:
    assert shades(show(dicom(steps(1000, 1500, 2000)), 0)) == [0, 128, 255]
    assert shades(show(dicom(steps(7, 7, 7)), 0)) == [128, 128, 128]


def test_a_table_stands_for_a_window(show: Show) -> None:
    table = Dataset()
    table.LUTDescriptor = [3, 10, 8]
    table.LUTData = np.array([0, 200, 255], np.uint16).tobytes()
    data = dicom(steps(0, 10, 11, 12, 99), VOILUTSequence=[table])
    assert shades(show(data, 0)) == [0, 0, 200, 255, 255]


def test_colours_and_palettes(read: Read) -> None:
    colour = np.asarray(scene())
    expected = read(encoded(scene(), "PNG")).pixel_digest
    assert read(dicom(colour)).pixel_digest == expected
    assert read(dicom(colour.astype(np.uint16) * 256)).pixel_digest == expected
    ramp = np.arange(256, dtype=np.uint16) * 256
    tables: dict[str, Any] = {
        f"{name}PaletteColorLookupTable{part}": value
        for name, order in (("Red", 1), ("Green", -1), ("Blue", 1))
        for part, value in (("Descriptor", [256, 0, 16]), ("Data", ramp[::order].tobytes()))
    }
    data = dicom(grey(), PhotometricInterpretation="PALETTE COLOR", **tables)
    reading = read(data)
    expected_pixels = np.stack([grey(), 255 - grey(), grey()], axis=-1)
    assert reading.mode == "RGB"
    assert reading.pixel_digest == read(dicom(expected_pixels)).pixel_digest


def test_two_films_that_look_the_same_through_their_window_differ(read: Read) -> None:
    """The same pixels means all bits, not those that a screen shows."""
    values = steps(0, 1000, 2000)
    other = values.copy()
    other[:, -1] += 1
    look: dict[str, Any] = {"WindowCenter": 1000, "WindowWidth": 3000}
    first, second = read(dicom(values, **look)), read(dicom(other, **look))
    assert first.pixel_digest != second.pixel_digest
    assert first.pixel_digest == read(dicom(values, **look, PatientName="X")).pixel_digest


def test_frames_that_differ_clearly_are_pictures(read_whole: ReadWhole, show: Show) -> None:
    film = np.stack([grey(seed) for seed in (1, 1, 1, 2, 2, 3)])
    data = dicom(film, frames=6)
    found = read_whole(data)
    assert list(found.pages) == [0, 3, 5]
    assert {reading.frames for reading in found.pages.values()} == {6}
    assert (show(data, 3) == grey(2)).all()


def test_each_frame_may_have_a_window_of_its_own(show: Show) -> None:
    def group(centre: float) -> Dataset:
        window = Dataset()
        window.WindowCenter, window.WindowWidth = centre, 101
        group = Dataset()
        group.FrameVOILUTSequence = [window]
        return group

    rescale = Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept = 1, -10
    shared = Dataset()
    shared.PixelValueTransformationSequence = [rescale]
    data = dicom(
        np.stack([steps(10, 60, 110), steps(10, 60, 110)]),
        frames=2,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=[group(50.5), group(100.5)],
    )
    assert shades(show(data, 0)) == [0, 128, 255]
    assert shades(show(data, 1)) == [0, 0, 128]


# Compressed pixels


def test_compressed_pixels_are_the_same_pixels(read: Read) -> None:
    data = dicom(grey())
    expected = read(data).pixel_digest
    compressed = dcmread(DicomBytesIO(data))
    compressed.compress(RLELossless)
    buffer = DicomBytesIO()
    compressed.save_as(buffer)
    assert read(bytes(buffer.getvalue())).pixel_digest == expected
    wave = encoded(scene().convert("L"), "JPEG2000", irreversible=False, no_jp2=True)
    assert read(encoded_dicom(data, JPEG2000Lossless, wave)).pixel_digest == expected
    photo = encoded(scene().convert("L"), "JPEG", quality=95)
    lossy = read(encoded_dicom(data, JPEGBaseline8Bit, photo))
    assert lossy.pixel_digest == read_digest(read, photo)


def read_digest(read: Read, photo: bytes) -> bytes | None:
    """The digest of a JPEG's pixels, from a PNG of them."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(photo)) as image:
        return read(encoded(image.convert("L"), "PNG")).pixel_digest


def test_video_is_not_read(fail: Fail) -> None:
    error = fail(encoded_dicom(dicom(grey()), "1.2.840.10008.1.2.4.100", b"video"))
    assert (error.kind, error.message) == (
        "unsupported",
        "The DICOM file is compressed in a way that is not read.",
    )


def test_a_missing_decoder_is_named(lack: Lack, tmp_path: Path) -> None:
    wave = encoded(scene().convert("L"), "JPEG2000", irreversible=False, no_jp2=True)
    jpeg_ls = encoded_dicom(dicom(grey()), "1.2.840.10008.1.2.4.80", wave)
    path = tmp_path / "film"
    path.write_bytes(jpeg_ls)
    with opened(path) as fd, pytest.raises(PictureError) as caught:
        lack("gdcm").read(fd)
    assert (caught.value.kind, caught.value.message) == (
        "not_installed",
        "DICOM files are read when the extra “dicom” is installed: pip install pydicom python-gdcm",
    )


def test_without_its_library_the_error_names_the_extra(lack: Lack, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(dicom(grey()))
    with opened(path) as fd, pytest.raises(PictureError) as caught:
        lack("pydicom").read(fd)
    assert caught.value.kind == "not_installed"
    assert "“dicom”" in caught.value.message


# What is damaged, huge, or no picture


def test_absurd_sizes_are_refused_before_anything_is_decoded(fail: Fail) -> None:
    assert fail(dicom(grey(), Rows=65535, Columns=65535)).kind == "too_large"
    assert fail(dicom(grey(), Rows=15_000, Columns=15_000)).kind == "truncated"
    assert fail(dicom(grey(), Rows=0)).kind == "broken"


def test_a_number_of_frames_that_is_a_lie_ends_soon(read_whole: ReadWhole, fail: Fail) -> None:
    assert fail(dicom(grey(), frames=2**31 - 1)).kind == "truncated"
    assert fail(dicom(grey(), frames=-3, PixelData=b"")).kind in ("broken", "truncated")


def test_a_lie_about_compressed_frames_is_found_out_at_the_second(read_whole: ReadWhole) -> None:
    photo = encoded(scene().convert("L"), "JPEG", quality=95)
    data = encoded_dicom(dicom(grey(), frames=2**31 - 1), JPEGBaseline8Bit, photo)
    found = read_whole(data)
    assert (list(found.pages), found.pages[0].frames) == ([0], 1_000_000)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_cut_file_is_truncated(fail: Fail, share: float) -> None:
    data = dicom(grey())
    assert fail(data[: int(share * len(data))]).kind == "truncated"


def test_damage_anywhere_in_the_header_is_an_error_or_a_picture(
    decoder: Decoder, tmp_path: Path
) -> None:
    path = tmp_path / "film"
    data = dicom(grey(), WindowCenter=100, WindowWidth=50)
    random = np.random.default_rng(7)
    ends = set()
    for place in random.integers(132, 700, 60).tolist():
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(bytes(damaged))
        with opened(path) as fd:
            try:
                decoder.read(fd)
                ends.add("read")
            except PictureError as error:
                ends.add(error.kind)
    assert ends <= {"read", "broken", "truncated", "unsupported", "too_large", "memory"}
    assert "read" in ends


def test_a_report_is_no_picture(fail: Fail) -> None:
    report = dcmread(DicomBytesIO(dicom(grey())))
    del report.PixelData
    buffer = DicomBytesIO()
    report.save_as(buffer)
    error = fail(bytes(buffer.getvalue()))
    assert (error.kind, error.message) == ("unsupported", "This DICOM file holds no picture.")


def test_a_file_without_a_preamble_is_known_by_its_first_element(read: Read, fail: Fail) -> None:
    data = dicom(grey())
    assert may_be_bare(data[132:])
    assert read(data[132:]).format == "DICOM"
    assert not may_be_bare(b"\x08\0\x05")
    assert not may_be_bare(encoded(scene(), "BMP"))
    assert fail(b"\x08\0\x05\0CS\x0a\0" + b"ISO_IR 100" + bytes(100)).kind == "unsupported"


# Persons


def test_nothing_about_a_person_leaves_the_child(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(dicom(grey(), InstitutionName="Somewhere", Manufacturer="Somebody"))
    with opened(path) as fd:
        header, body = decoder._ask(fd, {"do": "read", "page": 0})
        shown = decoder.render(fd, max_edge=500)
    assert header["metadata"] == {}
    for text in (SECRET, "A123456", "20240229", "Some"):
        assert text not in json.dumps(header)
        assert text.encode() not in body
        assert text.encode() not in shown


def test_real_files_are_read_or_recorded(decoder: Decoder) -> None:
    if not REAL.is_dir():
        pytest.skip("the DICOM files of ../shared/data are not here")
    kinds: dict[str, list[str]] = {}
    for path in sorted(REAL.glob("*.dcm")):
        with opened(path) as fd:
            try:
                found = read_file(decoder, fd)
                assert found.notice == ""
                assert {reading.metadata == {} for reading in found.pages.values()} == {True}
                kinds.setdefault("read", []).append(path.name)
            except PictureError as error:
                kinds.setdefault(error.kind, []).append(path.name)
    counts = {kind: len(names) for kind, names in kinds.items()}
    assert counts == {
        "read": 69,
        "unsupported": 30,
        "broken": 2,
        "not_installed": 2,
        "truncated": 1,
    }
    # Lossy JPEG of 12 bits is what no package with a fitting licence decodes.
    assert kinds["not_installed"] == ["JPEG-lossy.dcm", "JPGExtended.dcm"]
    assert kinds["truncated"] == ["MR_truncated.dcm"]
