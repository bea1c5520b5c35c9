"""Copies are proposed with the way in which they differ; strangers are not."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from scanning.engine.hashing.signature import Signature, signature
from scanning.engine.hashing.squares import raster
from scanning.engine.hashing.windows import WINDOWS
from scanning.engine.search import nearest
from scanning.engine.search.candidates import WAYS, Candidates, Radii, find, merged
from scanning.engine.search.join import TooManyPairs
from scanning.engine.search.signatures import WHOLE_NODE, Nodes, Signatures
from scanning.engine.search.ways import BACK, KIND, KINDS
from tests.scanning.engine.pictures import scene


def textured(seed: int) -> Image.Image:
    """A scene with finer structure than `scene` has, as photographs have."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (30, 40), dtype=np.uint8)
    fine = Image.fromarray(blocks).resize((640, 480), Image.Resampling.BICUBIC)
    return Image.blend(scene(640, 480, seed).convert("L"), fine, 0.4)


def signed(image: Image.Image) -> Signature:
    found = signature(raster(image.convert("L")))
    assert found is not None
    return found


STRANGERS = [signed(textured(seed)) for seed in range(100, 140)]


def pairs(found: Candidates) -> list[tuple[int, int, str]]:
    return [
        (left, right, WAYS[way])
        for left, right, way in zip(
            found.left.tolist(), found.right.tolist(), found.way.tolist(), strict=True
        )
    ]


def crop(
    left: float, top: float, right: float, bottom: float
) -> Callable[[Image.Image], Image.Image]:
    box = (round(left * 640), round(top * 480), round(right * 640), round(bottom * 480))
    return lambda image: image.crop(box)


@pytest.mark.parametrize(
    ("copied", "way"),
    [
        (lambda image: image.resize((200, 150)), "whole"),
        (lambda image: image.transpose(Image.Transpose.ROTATE_90), "turned:270"),
        (lambda image: image.transpose(Image.Transpose.ROTATE_180), "turned:180"),
        (lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "turned:mirror"),
        (lambda image: image.transpose(Image.Transpose.TRANSVERSE), "turned:mirror270"),
        (lambda image: ImageOps.expand(image, 40, "white"), "trimmed"),
        (crop(0.1, 0.0, 0.9, 0.8), "window:left"),
        (crop(0.0, 0.13, 1.0, 1.0), "window:left"),
    ],
)
def test_a_copy_is_found_by_its_way(copied: Callable[[Image.Image], Image.Image], way: str) -> None:
    original, copy = signed(textured(1)), signed(copied(textured(1)))
    ((left, right, found),) = pairs(find(Signatures.pack([original, *STRANGERS, copy])))
    assert (left, right) == (0, 41)
    assert found.startswith(way)
    ((_, _, back),) = pairs(find(Signatures.pack([copy, *STRANGERS, original])))
    assert back.startswith({"turned:270": "turned:90", "window:left": "window:right"}.get(way, way))


def test_the_window_says_what_was_cut_off() -> None:
    cut = signed(crop(0.1, 0.0, 0.9, 0.8)(textured(1)))
    ((_, _, way),) = pairs(find(Signatures.pack([signed(textured(1)), cut])))
    assert WINDOWS[int(way.split(":")[2])] == pytest.approx((0.1, 0.0, 0.9, 0.8))


def test_ways_can_be_switched_off() -> None:
    turned = signed(textured(1).transpose(Image.Transpose.ROTATE_90))
    framed = signed(ImageOps.expand(textured(1), 40, "white"))
    cut = signed(crop(0.1, 0.1, 0.9, 0.9)(textured(1)))
    both = Signatures.pack([signed(textured(1)), turned, framed, cut])
    assert len(find(both)) >= 3
    assert len(find(both, Radii(turned=None, trimmed=None, windows=None))) == 0


def library() -> Signatures:
    """Copies of all kinds among strangers, in no order, some of them equal."""
    found = []
    for seed in range(12):
        image = textured(seed)
        found += [image, image.resize((300, 225)), crop(0.08, 0.08, 0.92, 0.92)(image)]
        found += [image, ImageOps.mirror(image), ImageOps.expand(image, 30, "black")]
    order = np.random.default_rng(4).permutation(len(found))
    return Signatures.pack([signed(found[index]) for index in order] + STRANGERS)


def test_shares_together_are_the_whole() -> None:
    whole = find(library())
    shares = merged([find(library(), share=(k, 3)) for k in range(3)])
    assert len(whole) >= 12 * 5
    assert pairs(shares) == pairs(whole)


def test_new_pictures_are_joined_with_all_and_old_ones_left_alone() -> None:
    whole = find(library())
    new = find(library(), first_new=30)
    assert pairs(new) == [pair for pair in pairs(whole) if pair[1] >= 30]


def test_pairs_within_a_family_are_left_out() -> None:
    whole = library()
    labels = np.zeros(len(whole), np.int32)
    assert len(find(whole, families=labels)) == 0
    labels[:] = -1
    assert pairs(find(whole, families=labels)) == pairs(find(whole))


def test_a_stranger_to_a_family_meets_its_nearest_members_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sheets = [signed(Image.blend(textured(1), textured(seed), 0.05)) for seed in range(2, 12)]
    upside_down = signed(textured(1).transpose(Image.Transpose.ROTATE_180))
    both = Signatures.pack([*sheets, upside_down])
    labels = np.array([0] * 10 + [-1], np.int32)
    assert len(find(both, families=labels)) == nearest.PER_FAMILY
    monkeypatch.setattr(nearest, "PER_FAMILY", 3)
    found = find(both, families=labels)
    assert len(found) == 3
    assert set(found.right.tolist()) == {10}


def test_equal_pictures_are_one_node() -> None:
    few = Signatures.pack([signed(textured(1))] * 5)
    assert len(find(few)) == 10
    many = Signatures.pack([signed(textured(1))] * 200 + [signed(textured(1).resize((300, 225)))])
    assert 199 <= len(find(many)) <= 199 + WHOLE_NODE
    assert len(find(many, first_new=199)) <= 1 + WHOLE_NODE


def test_nodes_with_new_pictures_come_last() -> None:
    codes = np.array([[7, 0, 0, 0], [3, 0, 0, 0], [5, 0, 0, 0], [7, 0, 0, 0]], np.uint64)
    nodes = Nodes.of(codes, first_new=3)
    assert [nodes.members(node) for node in range(3)] == [[1], [2], [0, 3]]
    assert nodes.first_new == 2
    assert nodes.within(np.arange(3)).tolist() == [[0, 3]]
    pictures, row = nodes.between(np.array([[0, 2], [0, 1]]))
    assert sorted(zip(map(tuple, pictures.tolist()), row.tolist(), strict=True)) == [
        ((1, 0), 0),
        ((1, 2), 1),
        ((1, 3), 0),
    ]


def test_candidates_beyond_the_limit_are_found_in_smaller_pieces() -> None:
    alike = Signatures.pack(
        [signed(Image.blend(textured(1), textured(s), 0.05)) for s in range(30)]
    )
    assert pairs(find(alike, limit=1000)) == pairs(find(alike))
    with pytest.raises(TooManyPairs):
        find(alike, limit=10)


@pytest.mark.parametrize(
    ("copied", "way"),
    [
        (lambda image: ImageOps.mirror(crop(0.1, 0.05, 0.9, 0.85)(image)), "turned:mirror:window"),
        (
            lambda image: crop(0.1, 0.1, 1.0, 1.0)(image).rotate(90, expand=True),
            "turned:270:window",
        ),
        (lambda image: ImageOps.expand(image, 40, "white").rotate(180), "turned:180:trimmed"),
        (lambda image: ImageOps.mirror(ImageOps.expand(image, 50)), "turned:mirror:trimmed"),
    ],
)
def test_two_ways_at_once_are_found(copied: Callable[[Image.Image], Image.Image], way: str) -> None:
    original, copy = signed(textured(1)), signed(copied(textured(1)))
    ((left, right, found),) = pairs(find(Signatures.pack([original, *STRANGERS, copy])))
    assert (left, right) == (0, 41)
    assert found.startswith(way)
    ((_, _, back),) = pairs(find(Signatures.pack([copy, *STRANGERS, original])))
    assert WAYS[BACK[WAYS.index(back)]] == found


def test_every_way_has_one_back_and_a_kind() -> None:
    assert (BACK[BACK] == np.arange(len(WAYS))).all()
    assert WAYS[BACK[WAYS.index("turned:90:window:left")]] == "turned:270:window:right"
    assert {KINDS[kind] for kind in KIND} == set(KINDS)


def test_nothing_gives_nothing() -> None:
    assert len(find(Signatures.pack([]))) == 0
    assert len(find(Signatures.pack(STRANGERS[:1]))) == 0


def test_large_libraries_ask_for_more() -> None:
    assert Radii.for_count(1000) == Radii()
    assert Radii.for_count(1_000_000).windows == 10
