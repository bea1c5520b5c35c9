"""Which frames of an animation or a film are pictures of their own. Runs in the child process."""

from collections.abc import Iterator
from typing import Final, Protocol

from PIL import Image, ImageChops, ImageStat

from scanning.engine.decoding import color
from scanning.engine.decoding.errors import PictureError

MOST_KEY_FRAMES: Final = 8
# Mean difference, of 255 grey levels, from the key frame before. What moves within a scene stays
# below; another scene is far above.
CLEARLY: Final = 12.0
SKETCH: Final = 32
# How much is looked at: so many frames, and pixels as a part of what one picture may have.
MOST_FRAMES: Final = 5_000
SHARE_OF_PIXELS: Final = 2


class Frames(Protocol):
    @property
    def count(self) -> int: ...

    def page(self, number: int) -> Image.Image: ...


def key_frames(frames: Frames, max_pixels: int) -> list[int]:
    """The first frame, and those after it that differ clearly from the key frame before.

    At most MOST_KEY_FRAMES. The frames that are looked at depend on number and size alone, so
    that equal files give equal key frames on any machine. Ends at a damaged frame.
    """
    kept, shown = [0], _sketch(frames.page(0))
    for number, sketch in _sketches(frames, max_pixels // SHARE_OF_PIXELS):
        if sum(ImageStat.Stat(ImageChops.difference(sketch, shown)).mean) >= CLEARLY:
            kept.append(number)
            shown = sketch
            if len(kept) == MOST_KEY_FRAMES:
                break
    return kept


def _sketches(frames: Frames, pixels: int) -> Iterator[tuple[int, Image.Image]]:
    for number in range(1, min(frames.count, MOST_FRAMES)):
        try:
            image = frames.page(number)
            pixels -= image.width * image.height
            if pixels < 0:
                return
            yield number, _sketch(image)
        except (PictureError, OSError, EOFError, SyntaxError, ValueError):
            return


def _sketch(image: Image.Image) -> Image.Image:
    """A small grey square, on white."""
    image.load()
    shown = color.on_white(*color.plain(image)).convert("L")
    return shown.resize((SKETCH, SKETCH), Image.Resampling.BOX, reducing_gap=2.0)
