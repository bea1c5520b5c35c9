"""Hashes equal those of imagehash; digests equal wherever the pixels do."""

import io

import imagehash
import numpy as np
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.digest import pixel_digest
from scanning.engine.hashing.fingerprints import (
    ALGORITHMS,
    hash_square,
    is_flat,
    phash64,
    phash256,
)
from tests.scanning.engine.pictures import encoded, scene


@pytest.mark.parametrize("seed", range(25))
def test_hashes_equal_imagehash_bit_for_bit(seed: int) -> None:
    random = np.random.default_rng(seed)
    width, height = (int(edge) for edge in random.integers(1, 900, 2))
    noise = Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
    for image in (scene(width, height, seed), noise, scene(width, height, seed).quantize(4)):
        assert phash64(image).hex() == str(imagehash.phash(image))
        assert phash256(image).hex() == str(imagehash.phash(image, hash_size=16))


@given(st.integers(0, 255), st.binary(min_size=16, max_size=16), st.sampled_from([32, 64]))
def test_hashes_of_plain_pictures_equal_imagehash_too(ground: int, patch: bytes, side: int) -> None:
    pixels = np.full((side, side), ground, np.uint8)
    pixels[:4, :4] = np.frombuffer(patch, np.uint8).reshape(4, 4)
    expected = imagehash.phash(Image.fromarray(pixels), hash_size=side // 4)
    assert hash_square(pixels.tobytes()).hex() == str(expected)


def test_a_square_must_be_square() -> None:
    with pytest.raises(ValueError, match="no square"):
        hash_square(bytes(100 * 32))


def test_flat_is_what_has_no_contrast_or_no_structure() -> None:
    column = np.arange(64)
    ramp = np.tile(column * 4, (64, 1)).astype(np.uint8)
    halves = np.tile(np.where(column < 32, 0, 255), (64, 1)).astype(np.uint8)
    texture = np.random.default_rng(1).integers(100, 140, (64, 64), dtype=np.uint8)
    assert is_flat(bytes(4096))
    assert is_flat(ramp.tobytes())
    assert is_flat(halves.tobytes())
    assert not is_flat(texture.tobytes())


def test_algorithms_carry_the_versions_that_computed_them() -> None:
    assert {"pixels", "phash64", "phash256"} < set(ALGORITHMS)
    assert f"pillow={PIL.__version__}" in ALGORITHMS["pixels"]


def reopened(image: Image.Image, name: str, **options: object) -> Image.Image:
    return Image.open(io.BytesIO(encoded(image, name, **options)))


def test_the_file_format_does_not_change_the_digest() -> None:
    digest = pixel_digest(scene())
    assert len(digest) == 32
    for name in ("PNG", "TIFF", "BMP", "PPM", "JPEG2000"):
        assert pixel_digest(reopened(scene(), name)) == digest, name
    assert pixel_digest(reopened(scene(), "WEBP", lossless=True)) == digest


def test_the_mode_does_not_change_the_digest() -> None:
    grey = scene().convert("L")
    digest = pixel_digest(grey)
    for mode in ("LA", "RGB", "RGBA"):
        assert pixel_digest(grey.convert(mode)) == digest, mode
    few = scene().quantize(16)
    assert pixel_digest(few) == pixel_digest(few.convert("RGB"))


def test_one_changed_pixel_changes_the_digest() -> None:
    changed = scene()
    changed.putpixel((639, 479), (1, 2, 3))
    assert pixel_digest(changed) != pixel_digest(scene())


def test_the_same_bytes_in_another_shape_have_another_digest() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    turned = pixels.reshape(30, 40, 3)
    assert pixel_digest(Image.fromarray(pixels)) != pixel_digest(Image.fromarray(turned))


def test_alpha_counts_and_hidden_colour_does_not() -> None:
    clear, other = scene().convert("RGBA"), scene().convert("RGBA")
    clear.paste((255, 0, 0, 0), (10, 10, 50, 50))
    other.paste((0, 255, 0, 0), (10, 10, 50, 50))
    assert pixel_digest(clear) == pixel_digest(other)
    assert pixel_digest(clear) != pixel_digest(scene())
    other.paste((0, 255, 0, 1), (10, 10, 50, 50))
    assert pixel_digest(clear) != pixel_digest(other)


def test_16_bit_pictures_are_digested_by_all_their_bits() -> None:
    values = np.arange(640 * 480, dtype=np.uint16).reshape(480, 640)
    nudged = values.copy()
    nudged[5, 5] ^= 1
    digest = pixel_digest(Image.fromarray(values))
    assert pixel_digest(reopened(Image.fromarray(values), "TIFF")) == digest
    assert pixel_digest(reopened(Image.fromarray(values), "PNG")) == digest
    assert pixel_digest(Image.fromarray(nudged)) != digest


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_digest_is_that_of_the_upright_picture(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    # Higher than one strip, so that the strips must be cut in the right order.
    stored = reopened(scene(700, 1100), "PNG", exif=exif)
    upright = scene(700, 1100)
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    if orientation in turns:
        upright = upright.transpose(Image.Transpose(turns[orientation]))
    assert pixel_digest(stored) == pixel_digest(upright)


def test_the_decoder_never_sees_numpy(decoder: Decoder) -> None:
    """The child starts fast because it imports Pillow and nothing larger."""
    import subprocess
    import sys

    code = "import sys, scanning.engine.decoding.child; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
