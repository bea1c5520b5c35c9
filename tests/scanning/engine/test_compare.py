"""Pictures made here, changed the way people change them, and what the comparison says of it."""

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from scanning.engine.comparison.compare import compare
from scanning.engine.comparison.evidence import SENTENCES, Box, Comparison
from scanning.engine.comparison.prepared import Prepared

Grey = NDArray[np.uint8]
FIELDS = ("Lot No. 1204", "17 Sample Street", "HK$ 4,180,000", "2026-03-05", "Ng and Partners")


def grey(image: Image.Image) -> Grey:
    return np.asarray(image.convert("L"))


def photo(seed: int = 1) -> Image.Image:
    """A made-up scene: soft ground, and shapes of many sizes on it."""
    random = np.random.default_rng(seed)
    blocks = random.integers(60, 200, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize((720, 540), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for size in [120] * 4 + [60] * 14 + [24] * 60:
        x, y = (float(v) for v in random.uniform((0, 0), image.size))
        tone = tuple(int(v) for v in random.integers(0, 256, 3))
        corners = [(x + float(dx), y + float(dy)) for dx, dy in random.normal(0, size / 2, (4, 2))]
        draw.polygon(corners, fill=tone)
    return image.filter(ImageFilter.GaussianBlur(1))


def form(fields: tuple[str, ...] = FIELDS) -> Image.Image:
    """A printed form of 724 x 1024 px, filled in."""
    page = Image.new("L", (724, 1024), 248)
    draw = ImageDraw.Draw(page)
    draw.text((220, 50), "SPECIMEN REGISTRY", 30, ImageFont.load_default(30))
    for row, field in enumerate(fields):
        top = 140 + 70 * row
        draw.rectangle((60, top, 664, top + 70), outline=30, width=2)
        draw.line((230, top, 230, top + 70), 30, 2)
        draw.text((70, top + 24), f"Printed label {row + 1}", 40, ImageFont.load_default(18))
        draw.text((250, top + 20), field, 60, ImageFont.load_default(24))
    for line in range(14):
        words = "The particulars above agree with the deed and are entered as a record."
        draw.text((60, 540 + 28 * line), words, 40, ImageFont.load_default(17))
    return page


def scanned(page: Image.Image, seed: int) -> Image.Image:
    """A sheet from the scanner: skewed, shifted, on toned paper, with noise, as JPEG."""
    random = np.random.default_rng(seed)
    angle, move = float(random.uniform(-0.7, 0.7)), random.uniform(-5, 5, 2)
    shift = (int(move[0]), int(move[1]))
    turned = page.rotate(angle, Image.Resampling.BICUBIC, translate=shift, fillcolor=248)
    light = np.linspace(float(random.uniform(0.85, 0.95)), 1, page.width)
    noisy = np.asarray(turned) * light + random.normal(0, 3, (page.height, page.width))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=60)
    return Image.open(buffer)


def jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=25)
    return Image.open(buffer)


def scaled(image: Image.Image, by: int) -> Image.Image:
    return image.resize((image.width // by, image.height // by))


def cropped(
    image: Image.Image, left: float, top: float, right: float, bottom: float
) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * right), round(height * bottom))
    )


def covers(box: Box, x: float, y: float) -> bool:
    return box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height


Change = Callable[[Image.Image], Image.Image]
Make = Callable[[], Image.Image]

CHANGES: dict[str, Change] = {
    "half the size": lambda i: scaled(i, 2),
    "a quarter of the size": lambda i: scaled(i, 4),
    "strong JPEG": jpeg,
    "brighter": lambda i: ImageEnhance.Brightness(i).enhance(1.25),
    "darker": lambda i: ImageEnhance.Brightness(i).enhance(0.75),
    "more contrast": lambda i: ImageEnhance.Contrast(i).enhance(1.4),
    "blurred": lambda i: i.filter(ImageFilter.GaussianBlur(2)),
    "another aspect": lambda i: i.resize((512, 512)),
}


@pytest.mark.parametrize("make", [photo, form])
@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_is_the_same_after(change: str, make: Make) -> None:
    result = compare(grey(make()), grey(CHANGES[change](make())))

    assert (result.verdict, result.regions) == ("near", ())
    assert result.reason in {"same_picture", "same_sheet"}
    assert result.score >= 900


def test_one_field_changed_is_seen_in_a_quarter_of_the_size() -> None:
    other = form((*FIELDS[:2], "HK$ 950,000", *FIELDS[3:]))

    result = compare(grey(form()), grey(scaled(other, 4)))

    assert (result.verdict, result.reason) == ("lookalike", "field_changed")
    assert any(covers(box, 0.45, (140 + 2 * 70 + 35) / 1024) for box in result.regions)


@pytest.mark.parametrize("name", ["Ng and Partners", "Ng and Partnerc"])
def test_what_is_too_small_to_be_seen_is_not_called_the_same(name: str) -> None:
    small = scaled(scanned(form((*FIELDS[:4], name)), 2), 4)

    result = compare(grey(scanned(form(), 1)), grey(small))

    assert (result.reason, result.regions) == ("too_small", ())
    assert result.verdict != "near"
    assert 200 < result.score < 800


@pytest.mark.parametrize("make", [photo, form])
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "mirror", "mirrored"),
        (lambda i: i.transpose(Image.Transpose.ROTATE_270), "turn=90", "turned by 90°"),
        (lambda i: i.transpose(Image.Transpose.ROTATE_180), "turn=180", "turned by 180°"),
        (lambda i: i.transpose(Image.Transpose.ROTATE_90), "turn=270", "turned by 270°"),
        (lambda i: i, "same", "unchanged"),
    ],
    ids=["mirror", "turn=90", "turn=180", "turn=270", "same"],
)
def test_turned_and_mirrored(make: Make, change: Change, code: str, words: str) -> None:
    result = compare(grey(make()), grey(change(make())))

    assert result.verdict == "near"
    assert result.transform is not None
    assert result.transform.code() == code
    assert result.transform.describe() == words


@pytest.mark.parametrize("make", [photo, form])
@pytest.mark.parametrize(
    ("window", "share"),
    [
        ((0.03, 0.03, 0.97, 0.97), 0.88),
        ((0.08, 0.08, 0.92, 0.92), 0.71),
        ((0.13, 0, 1, 0.86), 0.75),
    ],
)
def test_crops(make: Make, window: tuple[float, float, float, float], share: float) -> None:
    whole, part = grey(make()), grey(cropped(make(), *window))

    there, back = compare(whole, part), compare(part, whole)

    assert there.verdict == back.verdict == "near"
    assert there.transform is not None
    assert back.transform is not None
    assert there.transform.crop_share == pytest.approx(share, abs=0.02)
    assert there.transform.other_crop_share == 1
    assert back.transform.crop_share == 1
    assert back.transform.other_crop_share == pytest.approx(share, abs=0.02)


def test_mirrored_and_cropped_in_words() -> None:
    image = photo()
    part = cropped(image, 0.05, 0.05, 0.95, 0.95).transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    transform = compare(grey(image), grey(part)).transform

    assert transform is not None
    assert transform.describe() == "mirrored, then cropped to 81 %"
    assert transform.code() == "mirror crop=0.81"


@pytest.mark.parametrize("make", [photo, form])
def test_a_small_turn(make: Make) -> None:
    result = compare(grey(make()), grey(make().rotate(-2, Image.Resampling.BICUBIC)))

    assert result.verdict == "near"
    assert result.transform is not None
    assert result.transform.skew_degrees == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("make", [photo, form])
def test_a_frame_and_a_page_around_it(make: Make) -> None:
    image = make()
    framed = ImageOps.expand(image, 40, 255)
    page = Image.new(image.mode, (image.width * 3 // 2, image.height * 3 // 2), "white")
    page.paste(image, (image.width // 5, image.height // 4))

    for outer in (framed, page):
        result = compare(grey(image), grey(outer))
        assert result.verdict == "near"
        assert result.transform is not None
        assert result.transform.other_crop_share == pytest.approx(
            image.width * image.height / (outer.width * outer.height), abs=0.02
        )


def test_a_caption_is_boxed() -> None:
    image = photo()
    captioned = image.copy()
    ImageDraw.Draw(captioned).rectangle((0, 490, 720, 540), fill=(190, 20, 40))

    result = compare(grey(image), grey(captioned))

    assert (result.verdict, result.reason) == ("near", "overlay_added")
    assert any(covers(box, 0.5, 0.95) for box in result.regions)
    assert not any(covers(box, 0.5, 0.5) for box in result.regions)


def test_a_date_in_the_corner_is_boxed() -> None:
    image = photo()
    dated = image.copy()
    face = ImageFont.load_default(28)
    ImageDraw.Draw(dated).text((690, 515), "2026/03/05 14:20", (255, 168, 40), face, anchor="rs")

    result = compare(grey(image), grey(dated))

    assert (result.verdict, result.reason) == ("near", "overlay_added")
    assert all(box.left > 0.6 and box.top > 0.8 for box in result.regions)


def test_boxes_and_placement_lead_from_one_picture_to_the_other() -> None:
    image = photo()
    logo = cropped(image, 0.1, 0.2, 1, 1).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    ImageDraw.Draw(logo).rectangle((10, 10, 120, 80), fill=(190, 20, 40))

    there, back = compare(grey(image), grey(logo)), compare(grey(logo), grey(image))

    # x' = (1 - x) / 0.9 and y' = (y - 0.2) / 0.8
    assert there.placement == pytest.approx((-1 / 0.9, 0, 1 / 0.9, 0, 1.25, -0.25), abs=0.01)
    assert back.placement == pytest.approx((-0.9, 0, 1, 0, 0.8, 0.2), abs=0.01)
    assert covers(there.regions[0], 1 - 0.9 * 0.1, 0.2 + 0.8 * 0.1)
    assert covers(there.other_regions[0], 0.1, 0.1)
    assert len(there.regions) == len(there.other_regions)
    assert (back.regions, back.other_regions) == (there.other_regions, there.regions)


def test_nothing_in_common_has_no_placement() -> None:
    result = compare(grey(photo(1)), grey(photo(2)))

    assert (result.placement, result.other_regions) == (None, ())


def test_prepared_pictures_give_the_same_answer() -> None:
    one, other = grey(form()), grey(scanned(form(), 1))

    assert compare(Prepared(one), Prepared(other)) == compare(one, other)


def test_a_pale_watermark_on_a_form_is_boxed() -> None:
    page = form()
    mark = Image.new("L", page.size)
    ImageDraw.Draw(mark).text((150, 380), "COPY", 90, ImageFont.load_default(160))
    marked = page.copy()
    marked.paste(120, (0, 0), mark)

    result = compare(grey(page), grey(marked))

    assert (result.verdict, result.reason) == ("near", "overlay_added")
    assert result.regions


def test_a_soft_picture_has_no_fine_detail_to_be_judged_by() -> None:
    """A sky, a gradient: what compression leaves of it in the finest detail says nothing."""
    blocks = np.random.default_rng(1).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    sky = Image.fromarray(blocks).resize((800, 600), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    sky.resize((400, 300)).save(stream, "JPEG", quality=50)
    assert compare(grey(sky), grey(Image.open(stream))).verdict == "near"


def test_something_else_in_the_midst_is_another_picture() -> None:
    image, other = photo(), photo()
    other.paste(photo(7).crop((0, 0, 180, 140)), (280, 200))

    result = compare(grey(image), grey(other))

    assert (result.verdict, result.reason) == ("lookalike", "parts_differ")
    assert any(covers(box, 370 / 720, 270 / 540) for box in result.regions)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_sheet_scanned_twice(seed: int) -> None:
    result = compare(grey(scanned(form(), seed)), grey(scanned(form(), seed + 10)))

    assert (result.verdict, result.reason, result.regions) == ("near", "same_sheet", ())


@pytest.mark.parametrize(
    ("row", "text"),
    [(0, "Lot No. 1284"), (2, "HK$ 4,130,000"), (3, "2026-08-05"), (4, "Ho and Partners")],
)
def test_one_field_or_character_changed(row: int, text: str) -> None:
    fields = (*FIELDS[:row], text, *FIELDS[row + 1 :])

    result = compare(grey(scanned(form(), 1)), grey(scanned(form(fields), 2)))

    assert (result.verdict, result.reason) == ("lookalike", "field_changed")
    assert len(result.regions) == 1
    box = result.regions[0]
    middle = (140 + 70 * row + 35) / 1024
    assert box.top < middle < box.top + box.height
    assert box.left > 0.3
    assert result.score <= 500


def test_another_record_on_the_same_form() -> None:
    other = ("Lot No. 88", "3 Example Road, flat B", "HK$ 950,000", "2025-11-21", "Yu Solicitors")

    result = compare(grey(scanned(form(), 1)), grey(scanned(form(other), 2)))

    assert result.verdict == "lookalike"
    assert len(result.regions) >= 4


def in_a_window(page: Image.Image) -> Image.Image:
    """A screenshot: the page on a dark ground, with a bar and a title above."""
    shown = scaled(page, 2)
    window = Image.new("L", (900, 600), 60)
    ImageDraw.Draw(window).rectangle((0, 0, 900, 30), fill=210)
    ImageDraw.Draw(window).text((10, 8), "Viewer - 1 / 24", 20, ImageFont.load_default(14))
    window.paste(shown, (270, 60))
    return window


@pytest.mark.parametrize(
    "framed", [lambda page: ImageOps.expand(page, 60, 20), in_a_window], ids=["border", "window"]
)
def test_a_sheet_in_a_dark_frame_is_still_judged_as_a_sheet(framed: Change) -> None:
    other = ("Lot No. 88", "3 Example Road, flat B", "HK$ 950,000", "2025-11-21", "Yu Solicitors")
    sheet = scanned(form(), 1)

    same = compare(grey(framed(sheet)), grey(scanned(form(), 2)))
    another = compare(grey(framed(sheet)), grey(scanned(form(other), 2)))
    both_framed = compare(grey(framed(sheet)), grey(framed(scanned(form(other), 2))))

    assert same.verdict != "lookalike"
    assert another.verdict == "lookalike"
    assert both_framed.verdict == "lookalike"


def test_another_film_of_one_chest_agrees_in_parts_only() -> None:
    """Everything is there, but each bit lies some 1 % elsewhere: the person has breathed."""
    image = grey(photo())
    moves = np.random.default_rng(1).normal(0, 0.013 * 720, (2, 6, 6)).astype(np.float32)
    along_x, along_y = (
        cv2.resize(move, (720, 540), interpolation=cv2.INTER_CUBIC) for move in moves
    )
    ys, xs = np.mgrid[0:540, 0:720].astype(np.float32)
    breathed = cv2.remap(image, xs + along_x, ys + along_y, cv2.INTER_LINEAR)

    result = compare(image, breathed.astype(np.uint8))

    assert (result.verdict, result.reason) == ("lookalike", "parts_differ")


def test_a_strip_of_a_page_on_an_empty_sky() -> None:
    sky = photo()
    sky.paste((200, 200, 200), (0, 0, 720, 300))
    strip = Image.new("L", (700, 60), 200)
    ImageDraw.Draw(strip).rectangle((0, 52, 700, 60), fill=90)

    assert compare(grey(sky), grey(strip)).verdict == "lookalike"


def test_another_scene() -> None:
    result = compare(grey(photo(1)), grey(photo(2)))

    assert (result.verdict, result.reason) == ("lookalike", "other_scene")
    assert result.score <= 50


@pytest.mark.parametrize("size", [(8, 8), (300, 200)])
def test_nothing_to_compare(size: tuple[int, int]) -> None:
    result = compare(np.full(size, 200, np.uint8), grey(photo()))

    assert (result.verdict, result.reason) == ("undecided", "too_little_content")
    assert result.transform is None


def test_a_narrow_strip_is_compared_like_any_other_picture() -> None:
    strip = np.tile(np.linspace(0, 255, 1024).astype(np.uint8), (16, 1))

    assert compare(strip, strip[:, ::16].repeat(4, axis=0)).verdict == "lookalike"


def test_the_other_way_round_says_the_same() -> None:
    one, other = grey(photo()), grey(cropped(photo(), 0.1, 0, 1, 0.9))

    there, back = compare(one, other), compare(other, one)

    assert plain(there) == plain(back) == plain(compare(one, other))


def plain(result: Comparison) -> tuple[str, int, float, float, str]:
    return result.verdict, result.score, result.mean_tile, result.agreeing_share, result.sentence


def test_each_reason_has_its_sentence() -> None:
    result = compare(grey(form()), grey(form()))

    assert result.sentence == SENTENCES[result.reason]
    assert result.sentence == "The two show the same sheet; every line of it agrees."
