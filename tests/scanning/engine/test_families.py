"""Forms of one template are one family, and are told apart by what is written on them."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scanning.engine.hashing.signature import signature
from scanning.engine.hashing.squares import KEPT, RASTER
from scanning.engine.hashing.turns import TURNS
from scanning.engine.search import families as engine
from scanning.engine.search import guests as engine_guests
from scanning.engine.search.candidates import outline_of
from scanning.engine.search.families import LEAST, families
from scanning.engine.search.guests import guests, templates_of, with_guests
from scanning.engine.search.join import TooManyPairs
from scanning.engine.search.relatives import relatives
from scanning.engine.search.shares import Outline
from scanning.engine.search.signatures import Signatures
from scanning.engine.search.ways import WAYS
from scanning.engine.search.whitening import HINTED, agreeing, signs, whitened

Codes = NDArray[np.uint64]


def around(centre: int, count: int, share: float) -> Codes:
    """Codes that differ from a random one in a share of their bits."""
    random = np.random.default_rng(centre)
    bits = np.tile(random.integers(0, 2, 256, dtype=np.uint8), (count, 1))
    bits ^= random.random((count, 256)) < share
    return np.packbits(bits, axis=1).view(np.uint64)


def strangers(count: int) -> Codes:
    return np.random.default_rng(99).integers(0, 2**64, (count, 4), dtype=np.uint64)


def test_dense_neighbourhoods_are_families_and_strangers_are_not() -> None:
    labels = families(np.concatenate([around(1, 60, 0.07), strangers(200), around(2, 80, 0.07)]))
    assert labels.tolist() == [0] * 60 + [-1] * 200 + [1] * 80


def test_a_small_family_is_none() -> None:
    assert set(families(around(1, LEAST - 1, 0.05)).tolist()) == {-1}


def test_equal_codes_count_each_and_stay_together() -> None:
    codes = np.concatenate([np.repeat(around(1, 2, 0.05), LEAST, axis=0), strangers(10)])
    assert families(codes).tolist() == [0] * (2 * LEAST) + [-1] * 10


def test_no_pictures_no_families() -> None:
    assert families(strangers(0)).tolist() == []


def test_a_sample_finds_large_and_then_smaller_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SAMPLE", 200)
    codes = [around(1, 2500, 0.07), around(2, 700, 0.07), around(3, 50, 0.07), strangers(800)]
    order = np.random.default_rng(1).permutation(4050)
    labels = families(np.concatenate(codes)[order])
    expected = np.repeat([1, 2, 3, -1], [2500, 700, 50, 800])[order]
    assert len(set(zip(labels.tolist(), expected.tolist(), strict=True))) == 4
    assert (labels[expected < 0] == -1).all()


def test_pictures_between_two_templates_do_not_make_them_one() -> None:
    one, other = around(1, 60, 0.03), around(2, 60, 0.03)
    bits = [np.unpackbits(codes.view(np.uint8), axis=1) for codes in (one, other)]
    random = np.random.default_rng(3)
    steps = [
        np.where(random.random((30, 256)) < share, bits[1][:30], bits[0][:30])
        for share in (0.25, 0.5, 0.75)
    ]
    between = np.packbits(np.concatenate(steps), axis=1).view(np.uint64)
    labels = families(np.concatenate([one, other, between]))
    assert set(labels[:60].tolist()) == {labels[0]}
    assert set(labels[60:120].tolist()) == {labels[60]}
    assert labels[0] != labels[60]


def sheet(record: int, scan: int) -> NDArray[np.uint8]:
    """A scanned form: one template, fields by record; placement, light and noise by scan."""
    page = Image.new("L", (480, 640), 245)
    draw = ImageDraw.Draw(page)
    for y in range(60, 600, 45):
        draw.rectangle((40, y, 440, y + 45), outline=40, width=3)
        draw.rectangle((50, y + 12, 130, y + 30), fill=70)
    written = np.random.default_rng(record)
    for y in range(60, 600, 45):
        for x in range(150, 430, 14):
            if written.random() < 0.4:
                draw.rectangle((x, y + 18, x + 8, y + 27), fill=110)
    random = np.random.default_rng(1000 * scan + record)
    page = page.rotate(random.uniform(-0.7, 0.7), Image.Resampling.BICUBIC, fillcolor=245)
    page = page.transform(
        page.size, Image.Transform.AFFINE, (1, 0, *random.uniform(-4, 4, 1), 0, 1, 2)
    )
    light = np.linspace(random.uniform(0.85, 1), random.uniform(0.85, 1), 480)
    pixels = np.asarray(page) * light + random.normal(0, 3, (640, 480))
    grey = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return np.asarray(grey.resize((KEPT, KEPT), Image.Resampling.LANCZOS))


def test_a_hint_lets_a_pair_through_that_agrees_a_little_but_not_one_that_does_not() -> None:
    rasters = np.stack([sheet(record, 0) for record in range(90)])
    plainly, _ = agreeing(rasters)
    found = set(map(tuple, plainly[:, :2].tolist()))
    every = np.array([(one, other) for one in range(90) for other in range(one + 1, 90)])
    pairs, agreement = agreeing(rasters, hinted=every)
    assert (agreement >= HINTED).all()
    assert found < set(map(tuple, pairs[:, :2].tolist()))
    assert len(pairs) < len(every) // 2
    none, _ = agreeing(rasters, hinted=np.empty((0, 2), np.int64))
    assert np.array_equal(none, plainly)


def test_rescans_agree_and_other_sheets_do_not() -> None:
    rasters = np.stack(
        [sheet(record, 0) for record in range(90)] + [sheet(r, 1) for r in range(12)]
    )
    pairs, agreement = agreeing(rasters)
    found = set(map(tuple, pairs[:, :2].tolist()))
    assert found >= {(record, 90 + record) for record in range(12)}
    assert len(found) < 5 * 102
    assert (agreement <= 1.001).all()
    with pytest.raises(TooManyPairs):
        agreeing(rasters, limit=5)


def test_vectors_have_length_one_and_signs_256_bits() -> None:
    vectors = whitened(np.stack([sheet(record, 0) for record in range(40)]))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(40), abs=1e-3)
    assert signs(vectors).shape == (40, 4)


def outline_of_sheets(rasters: NDArray[np.uint8], labels: NDArray[np.int32]) -> Outline:
    codes = [signature(cv2.resize(raster, (RASTER, RASTER)).tobytes()) for raster in rasters]
    return outline_of(Signatures.pack([code for code in codes if code]), labels=labels)


def test_sheets_that_are_turned_or_cut_are_guests_and_meet_their_copies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_guests, "SMALL_RADIUS", 20)  # these sheets are little but stripes
    members = np.stack([sheet(record, 0) for record in range(90)])
    turned = TURNS[1].apply(sheet(3, 1))
    cut = cv2.resize(sheet(4, 1)[6:58, 6:58], (KEPT, KEPT), interpolation=cv2.INTER_AREA)
    other = np.random.default_rng(1).integers(0, 256, (KEPT, KEPT), dtype=np.uint8)
    rasters = np.stack([*members, turned, cut, other])
    labels = np.array([0] * 90 + [-1] * 3, np.int32)
    templates = templates_of(labels, lambda rows: rasters[rows])
    outline = outline_of_sheets(rasters, labels)
    found = guests(outline, templates, lambda rows: rasters[rows])
    assert [guest.row for guest in found] == [90, 91]
    assert WAYS[found[0].way] == "turned:180"
    assert WAYS[found[1].way].startswith("window:left:")
    assert with_guests(labels, found).tolist() == [0] * 92 + [-1]
    rows = np.arange(92)
    pairs = relatives(rows, rasters[rows], outline.whole[rows], found)
    kept = {(left, right): WAYS[way] for left, right, _distance, way in pairs.rows.tolist()}
    assert kept[3, 90] == "turned:180"
    assert len(pairs) < 8 * 92


def test_no_families_have_no_guests() -> None:
    rasters = np.stack([sheet(record, 0) for record in range(4)])
    labels = np.full(4, -1, np.int32)
    assert templates_of(labels, lambda rows: rasters[rows]) == []
    assert guests(outline_of_sheets(rasters, labels), [], lambda rows: rasters[rows]) == []
