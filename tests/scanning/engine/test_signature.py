"""One raster gives every fingerprint, and turning a picture turns its fingerprints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from scanning.engine.decoding.reading import Reading
from scanning.engine.hashing.fingerprints import ALGORITHMS, hash_square
from scanning.engine.hashing.signature import Signature, signature
from scanning.engine.hashing.squares import KEPT, LARGE, RASTER, raster, square
from scanning.engine.hashing.turns import TURNS, Turn
from scanning.engine.hashing.windows import WINDOWS, turned_codes, window_codes
from tests.scanning.engine.conftest import Read
from tests.scanning.engine.pictures import distance, encoded, scene

PILLOW = {
    "90": Image.Transpose.ROTATE_90,
    "180": Image.Transpose.ROTATE_180,
    "270": Image.Transpose.ROTATE_270,
    "mirror": Image.Transpose.FLIP_LEFT_RIGHT,
    "mirror90": Image.Transpose.TRANSPOSE,
    "mirror180": Image.Transpose.FLIP_TOP_BOTTOM,
    "mirror270": Image.Transpose.TRANSVERSE,
}


def signed(image: Image.Image) -> Signature:
    found = signature(raster(image.convert("L")))
    assert found is not None
    return found


def test_a_signature_is_laid_out_as_promised() -> None:
    found = signed(ImageOps.expand(scene(), 40, "black"))
    assert [len(code) for code in (found.phash64, found.phash256, found.turned256)] == [8, 32, 224]
    assert (len(found.trimmed256), len(found.raster)) == (32, KEPT**2)
    assert signed(scene()).trimmed256 == b""


def test_the_hash_is_that_of_the_square_from_the_raster() -> None:
    image = Image.frombytes("L", (RASTER, RASTER), raster(scene().convert("L")))
    assert signed(scene()).phash256 == hash_square(square(image, LARGE))


def test_a_flat_raster_has_no_signature_and_a_short_one_is_refused() -> None:
    assert signature(bytes(RASTER**2)) is None
    with pytest.raises(ValueError, match="no raster"):
        signature(bytes(RASTER))


def test_a_reading_lists_what_is_to_be_stored(read: Read) -> None:
    reading = read(encoded(scene(), "PNG"))
    assert set(reading.fingerprints) == set(ALGORITHMS)
    flat: Reading = read(encoded(Image.new("L", (64, 64), 200), "PNG"))
    assert set(flat.fingerprints) == {"pixels"}


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn.name)
def test_turned_codes_are_those_of_the_turned_picture(turn: Turn) -> None:
    index = TURNS.index(turn)
    for seed in range(5):
        upright = scene(640, 480, seed)
        turned = signed(upright.transpose(PILLOW[turn.name]))
        derived = signed(upright).turned256[32 * index : 32 * index + 32]
        assert distance(derived, turned.phash256) <= 4


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn.name)
def test_a_turn_is_what_pillow_does(turn: Turn) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    expected = np.asarray(Image.fromarray(pixels).transpose(PILLOW[turn.name]))
    assert np.array_equal(turn.apply(pixels), expected)


@given(st.integers(0, 2**32), st.sampled_from(TURNS))
def test_window_codes_turn_exactly(seed: int, turn: Turn) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (KEPT, KEPT), dtype=np.uint8)
    codes = window_codes(pixels[None], count=1)
    assert turned_codes(codes, turn) == window_codes(turn.apply(pixels)[None], count=1)


def test_a_window_has_the_code_of_what_it_shows() -> None:
    """Every window, cut out and squeezed to a raster of its own."""
    picture = scene(1920, 1920).convert("L")
    small = np.asarray(picture.resize((KEPT, KEPT), Image.Resampling.BOX))
    for window, code in zip(WINDOWS, window_codes(small[None])[0], strict=True):
        shown = picture.crop([round(edge * 1920) for edge in window])  # type: ignore[arg-type]  # four numbers
        cut = np.asarray(shown.resize((KEPT, KEPT), Image.Resampling.BOX))
        assert np.bitwise_count(window_codes(cut[None], count=1)[0, 0] ^ code) <= 6


def test_windows_start_with_the_whole_and_keep_most_of_it() -> None:
    assert WINDOWS[0] == (0, 0, 1, 1)
    assert len(set(WINDOWS)) == len(WINDOWS) == 131
    for left, top, right, bottom in WINDOWS:
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert (right - left) * (bottom - top) > 0.56
