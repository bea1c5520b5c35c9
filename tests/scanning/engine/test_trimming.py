"""Borders are taken off one colour at a time."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from scanning.engine.hashing.squares import RASTER, raster
from scanning.engine.hashing.trimming import MOST_STAGES, Box, content_boxes
from tests.scanning.engine.pictures import scene


def boxes(image: Image.Image) -> list[Box]:
    pixels = np.frombuffer(raster(image.convert("L")), np.uint8).reshape(RASTER, RASTER)
    return content_boxes(pixels)


def shares(box: Box) -> list[float]:
    return [round(edge / RASTER, 2) for edge in box]


def test_a_picture_without_a_border_is_left_alone() -> None:
    assert boxes(scene()) == []


def test_a_blank_page_is_left_alone() -> None:
    assert boxes(Image.new("L", (500, 700), 255)) == []


@pytest.mark.parametrize("colour", ["black", "white", "navy"])
def test_a_border_of_one_colour_is_taken_off(colour: str) -> None:
    (box,) = boxes(ImageOps.expand(scene(640, 480), (80, 60), colour))
    assert shares(box) == pytest.approx([0.1, 0.1, 0.9, 0.9], abs=0.01)


def test_a_border_on_one_side_is_enough() -> None:
    page = Image.new("RGB", (640, 640), "white")
    page.paste(scene(640, 480), (0, 0))
    (box,) = boxes(page)
    assert shares(box) == pytest.approx([0, 0, 1, 0.75], abs=0.01)


def test_each_frame_is_a_stage_of_its_own() -> None:
    framed = ImageOps.expand(ImageOps.expand(scene(640, 480), 60, "white"), 40, "black")
    outer, inner = boxes(framed)
    assert shares(outer) == pytest.approx([0.05, 0.06, 0.95, 0.94], abs=0.01)
    assert shares(inner) == pytest.approx([0.12, 0.15, 0.88, 0.85], abs=0.01)


def test_a_title_bar_with_words_in_it_is_taken_off_too() -> None:
    screen = Image.new("RGB", (1000, 1000), (240, 240, 240))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1000, 60), fill=(60, 64, 70))
    for x in range(40, 400, 30):
        draw.rectangle((x, 20, x + 15, 42), fill="white")
    screen.paste(scene(800, 600), (100, 250))
    assert shares(boxes(screen)[-1]) == pytest.approx([0.1, 0.25, 0.9, 0.85], abs=0.01)


def test_dust_on_a_border_does_not_matter() -> None:
    framed = ImageOps.expand(scene(640, 480), (80, 60), "white")
    for x, y in ((20, 30), (400, 20), (780, 300), (30, 500)):
        framed.paste("black", (x, y, x + 4, y + 4))
    (box,) = boxes(framed)
    assert shares(box) == pytest.approx([0.1, 0.1, 0.9, 0.9], abs=0.01)


def test_there_is_an_end_to_it() -> None:
    framed = scene(640, 480)
    for stage in range(MOST_STAGES + 3):
        framed = ImageOps.expand(framed, 25, ("white", "black")[stage % 2])
    assert len(boxes(framed)) == MOST_STAGES
