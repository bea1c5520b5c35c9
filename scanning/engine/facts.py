"""The few facts of a picture file that a reviewer compares. Runs inside the child process."""

import re
from contextlib import suppress
from typing import Final

from PIL import ImageFile

from scanning.engine.color import profile_name
from scanning.engine.decode import DAMAGE, ORIENTATION_TAG

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
# Sum of the luminance quantisation table of ITU-T T.81, annex K, which the encoders scale.
_STANDARD_TABLE_SUM: Final = 3688


def facts(image: ImageFile.ImageFile) -> dict[str, str]:
    """The facts by key, in the order of KEYS; what is missing or damaged is left out."""
    found: dict[str, object] = {}
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


def _from_info(image: ImageFile.ImageFile) -> dict[str, object]:
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


def _from_exif(image: ImageFile.ImageFile) -> dict[str, object]:
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
    """The quality setting of the usual encoders, 1 to 100, from the sum of the first table."""
    percent = 100 * table_sum / _STANDARD_TABLE_SUM
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return max(1, min(100, round(quality)))
