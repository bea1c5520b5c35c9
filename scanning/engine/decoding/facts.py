"""The few facts of a picture file that a reviewer compares. Runs inside the child process."""

import re
from contextlib import suppress
from typing import Final

from PIL import Image

from scanning.engine.decoding.color import profile_name
from scanning.engine.decoding.decode import DAMAGE, ORIENTATION_TAG

KEYS: Final = (
    "camera_make",
    "camera_model",
    "date_taken",
    "software",
    "artist",
    "copyright",
    "dpi",
    "jpeg_quality",
    "orientation",
    "icc_profile",
    "gps",
)
LONGEST: Final = 200

_IFD_TAGS: Final = {
    "camera_make": 0x010F,
    "camera_model": 0x0110,
    "software": 0x0131,
    "artist": 0x013B,
    "copyright": 0x8298,
}
_EXIF_IFD: Final = 0x8769
_GPS_IFD: Final = 0x8825
_DATE: Final = 0x0132
_DATE_ORIGINAL: Final = 0x9003
# Text chunks of PNG that say the same as the EXIF fields.
_TEXTS: Final = {
    "software": "Software",
    "artist": "Author",
    "copyright": "Copyright",
    "date_taken": "Creation Time",
}
# The luminance quantisation table of ITU-T T.81, annex K, which the usual encoders scale by their
# quality setting, and the sum of what they then write, for quality 1 to 100.
_TABLE: Final = bytes.fromhex(
    "100b0a101828333d0c0c0e131a3a3c370e0d1018283945380e11161d3357503e"
    "12162538446d674d182337405168715c31404e5767797865485c5f6270646763"
)
_TABLE_SUMS: Final = [
    sum(max(1, min(255, (step * percent + 50) // 100)) for step in _TABLE)
    for percent in (5000 // q if q < 50 else 200 - 2 * q for q in range(1, 101))
]


def facts(image: Image.Image, turned: object = None) -> dict[str, str]:
    """The facts by key, in the order of KEYS; what is missing or damaged is left out.

    Only for a picture that has been decoded: see the order in `child`. turned: the orientation,
    where decoding has removed it from the EXIF data.
    """
    found: dict[str, object] = {"orientation": turned}
    for source in (_from_info, _from_exif):
        with suppress(*DAMAGE, LookupError, TypeError, AttributeError):
            found |= source(image)  # damaged metadata never cost a picture
    return {key: text for key in KEYS if (text := clean(found.get(key)))}


def clean(value: object) -> str:
    """One line of at most LONGEST printable characters; spaces stand for all others."""
    if value is None:
        return ""
    # EXIF says ASCII, which Pillow reads as Latin-1; many writers put UTF-8 there.
    text = str(value)
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    text = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST])
    return " ".join(text.split())[:LONGEST].rstrip()


def _from_info(image: Image.Image) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, name in _TEXTS.items():
        text = image.info.get(name)
        if isinstance(text, str):
            found[key] = text
    dpi = image.info.get("dpi")
    if isinstance(dpi, tuple) and len(dpi) == 2 and dpi[0] > 0:
        across, down = (round(float(value)) for value in dpi)
        found["dpi"] = str(across) if across == down else f"{across} x {down}"
    tables = getattr(image, "quantization", None)
    if tables:
        found["jpeg_quality"] = str(_jpeg_quality(sum(tables[min(tables)])))
    found["icc_profile"] = profile_name(image)
    return found


def _from_exif(image: Image.Image) -> dict[str, object]:
    exif = image.getexif()
    if not exif:
        return {}
    found: dict[str, object] = {
        key: value for key, tag in _IFD_TAGS.items() if isinstance(value := exif.get(tag), str)
    }
    taken = exif.get_ifd(_EXIF_IFD).get(_DATE_ORIGINAL) or exif.get(_DATE)
    if isinstance(taken, str):
        found["date_taken"] = re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", taken)
    turn = exif.get(ORIENTATION_TAG)
    if isinstance(turn, int):
        found["orientation"] = str(turn)
    if exif.get_ifd(_GPS_IFD):
        found["gps"] = "present"
    return found


def _jpeg_quality(table_sum: int) -> int:
    """The quality setting, 1 to 100, whose first table has the nearest sum."""
    nearest = min(range(100), key=lambda index: abs(_TABLE_SUMS[index] - table_sum))
    return nearest + 1
