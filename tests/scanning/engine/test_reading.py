"""What is read from pictures: the traps that make hashing libraries miss or invent pairs."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.scanning.engine.conftest import Read
from tests.scanning.engine.pictures import distance, encoded, oriented, scene


def test_a_photo_is_described_by_its_header(read: Read) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Kamera\0"
    exif[0x0110] = "Model\x07 1"
    exif[0x013B] = "陳大文".encode()
    exif[0x8298] = "c" * 500
    exif.get_ifd(0x8769)[0x9003] = "2024:02:29 12:30:00"
    exif.get_ifd(0x8825)[1] = "N"
    reading = read(encoded(scene(), "JPEG", quality=80, dpi=(300, 300), exif=exif))
    assert (reading.format, reading.mode, reading.frames) == ("JPEG", "RGB", 1)
    assert (reading.width, reading.height) == (640, 480)
    assert reading.metadata == {
        "camera_make": "Kamera",
        "camera_model": "Model 1",
        "artist": "陳大文",
        "copyright": "c" * 200,
        "date_taken": "2024-02-29 12:30:00",
        "dpi": "300",
        "jpeg_quality": "80",
        "gps": "present",
    }


@pytest.mark.parametrize("quality", [10, 50, 75, 90, 100])
def test_the_jpeg_quality_is_that_of_the_usual_encoders(read: Read, quality: int) -> None:
    reading = read(encoded(scene(), "JPEG", quality=quality))
    assert reading.metadata["jpeg_quality"] == str(quality)


def test_damaged_exif_does_not_cost_the_picture(read: Read) -> None:
    reading = read(encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"))
    assert reading.phash256 is not None


def test_all_eight_orientations_are_one_upright_picture(read: Read) -> None:
    upright = read(oriented(scene(), 1))
    for orientation in range(2, 9):
        reading = read(oriented(scene(), orientation))
        assert (reading.width, reading.height) == (640, 480)
        assert reading.metadata["orientation"] == str(orientation)
        assert distance(reading.phash64, upright.phash64) <= 2
        assert distance(reading.phash256, upright.phash256) <= 6


def test_tiff_and_png_obey_their_orientation_too(read: Read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = scene().transpose(Image.Transpose.ROTATE_90)
    plain = read(encoded(scene(), "PNG"))
    for name in ("PNG", "TIFF", "WEBP"):
        options = {"lossless": True, "exact": True} if name == "WEBP" else {}
        reading = read(encoded(stored, name, exif=exif, **options))
        assert (reading.width, reading.height) == (640, 480)
        assert reading.metadata["orientation"] == "6"
        assert reading.phash256 == plain.phash256
        assert reading.pixel_digest == plain.pixel_digest


@pytest.mark.parametrize(("low", "high"), [(0, 65535), (0, 4095), (30000, 30900)])
def test_a_16_bit_scan_is_not_white(read: Read, low: int, high: int) -> None:
    grey = np.asarray(scene().convert("L"), dtype=np.float64)
    spread = (grey - grey.min()) / (grey.max() - grey.min())
    deep = Image.fromarray((low + spread * (high - low)).astype(np.uint16))
    eight_bit = read(encoded(scene().convert("L"), "PNG"))
    for name in ("PNG", "TIFF"):
        reading = read(encoded(deep, name))
        assert reading.mode == "I;16"
        assert distance(reading.phash256, eight_bit.phash256) <= 4


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_32_bit_and_float_pictures_are_scaled(read: Read, kind: type[np.generic]) -> None:
    grey = np.asarray(scene().convert("L"), dtype=np.float64)
    deep = Image.fromarray((grey * 1000 - 70_000).astype(kind))
    eight_bit = read(encoded(scene().convert("L"), "PNG"))
    assert distance(read(encoded(deep, "TIFF")).phash256, eight_bit.phash256) <= 4


def test_pictures_that_differ_only_in_alpha_differ(read: Read) -> None:
    black = Image.new("RGBA", (640, 480))
    one, other = black.copy(), black.copy()
    one.putalpha(scene(seed=1).convert("L"))
    other.putalpha(scene(seed=2).convert("L"))
    first, second = read(encoded(one, "PNG")), read(encoded(other, "PNG"))
    assert distance(first.phash256, second.phash256) > 90
    assert first.pixel_digest != second.pixel_digest


def test_what_is_transparent_is_white(read: Read) -> None:
    flattened = Image.new("RGB", (640, 480), "white")
    mask = Image.new("L", (640, 480))
    mask.paste(255, (100, 50, 500, 400))
    flattened.paste(scene(), mask=mask)
    transparent = scene()
    transparent.putalpha(mask)
    first, second = read(encoded(transparent, "PNG")), read(encoded(flattened, "PNG"))
    assert distance(first.phash256, second.phash256) <= 2


def test_a_palette_with_transparency_is_laid_on_white(read: Read) -> None:
    palette = scene().quantize(64)
    shown = palette.convert("RGBA")
    ink = palette.getpixel((320, 240))
    reading = read(encoded(palette, "PNG", transparency=ink))
    assert reading.mode == "P"
    pixels = np.array(shown)
    pixels[np.asarray(palette) == ink] = 255
    expected = read(encoded(Image.fromarray(pixels), "PNG"))
    assert distance(reading.phash256, expected.phash256) <= 2


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "YCbCr", "1"])
def test_the_same_picture_in_another_mode_stays_near(read: Read, mode: str) -> None:
    reading = read(encoded(scene().convert(mode), "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"))
    assert distance(reading.phash256, read(encoded(scene(), "PNG")).phash256) <= 16


def test_a_cmyk_jpeg_is_not_a_negative(read: Read) -> None:
    reading = read(encoded(scene().convert("CMYK"), "JPEG", quality=95))
    assert reading.mode == "CMYK"
    assert distance(reading.phash256, read(encoded(scene(), "PNG")).phash256) <= 10


def test_an_embedded_profile_is_applied(read: Read) -> None:
    # Red and green change places: only somebody who applies the profile sees the scene.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    profile = profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    red, green, blue = scene().split()
    swapped = Image.merge("RGB", (green, red, blue))
    expected = read(encoded(scene(), "PNG"))
    for name in ("PNG", "JPEG"):
        reading = read(encoded(swapped, name, icc_profile=bytes(profile)))
        assert "swap" in reading.metadata["icc_profile"]
        assert distance(reading.phash256, expected.phash256) <= 6
        assert distance(reading.phash256, read(encoded(swapped, name)).phash256) > 20


def test_a_broken_profile_is_ignored(read: Read) -> None:
    reading = read(encoded(scene(), "PNG", icc_profile=b"no profile at all"))
    assert reading == read(encoded(scene(), "PNG"))


def test_an_animation_counts_its_frames_and_reads_the_first(read: Read) -> None:
    frames = [scene(seed=seed).quantize(64) for seed in (1, 2, 3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    reading = read(data)
    assert (reading.format, reading.frames) == ("GIF", 3)
    assert reading.pixel_digest == read(encoded(frames[0], "PNG")).pixel_digest


@pytest.mark.parametrize("size", [(5000, 2), (2, 5000), (1, 1), (7, 3)])
def test_odd_shapes_are_read(read: Read, size: tuple[int, int]) -> None:
    reading = read(encoded(scene(*size), "PNG"))
    assert (reading.width, reading.height) == size


@pytest.mark.parametrize("size", [(4000, 3000), (2048, 1536), (1000, 900), (640, 480)])
def test_reduced_jpeg_decoding_stays_near_full_decoding(read: Read, size: tuple[int, int]) -> None:
    data = encoded(scene(*size), "JPEG", quality=85)
    with Image.open(io.BytesIO(data)) as image:
        whole = ImageOps.exif_transpose(image)
        full64 = np.packbits(imagehash.phash(whole).hash).tobytes()
        full256 = np.packbits(imagehash.phash(whole, hash_size=16).hash).tobytes()
    reading = read(data)
    assert distance(reading.phash64, full64) <= 2
    assert distance(reading.phash256, full256) <= 6


FLAT = {
    "white": Image.new("RGB", (640, 480), "white"),
    "black": Image.new("L", (640, 480), 0),
    "transparent": Image.new("RGBA", (640, 480)),
    "two halves": Image.fromarray(np.tile(np.repeat(np.array([0, 255], np.uint8), 320), (480, 1))),
    "ramp": Image.fromarray(np.tile((np.arange(640) * 255 // 639).astype(np.uint8), (480, 1))),
    "16-bit grey": Image.fromarray(np.full((480, 640), 40_000, np.uint16)),
    "one pixel": Image.new("RGB", (1, 1), "red"),
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_pictures_have_a_digest_but_no_hash(read: Read, name: str) -> None:
    reading = read(encoded(FLAT[name], "PNG"))
    assert (reading.phash64, reading.phash256) == (None, None)
    assert reading.pixel_digest is not None


def test_a_flat_jpeg_has_a_digest_as_well(read: Read) -> None:
    blank = Image.new("RGB", (2000, 1500), "white")
    reading = read(encoded(blank, "JPEG"))
    assert reading.phash256 is None
    assert reading.pixel_digest == read(encoded(blank, "PNG")).pixel_digest


def test_a_nearly_empty_page_with_a_few_words_is_not_flat(read: Read) -> None:
    page = Image.new("L", (1240, 1754), 255)
    for row, width in ((200, 600), (240, 450), (700, 800)):
        page.paste(0, (150, row, 150 + width, row + 18))
    assert read(encoded(page, "PNG")).phash256 is not None
