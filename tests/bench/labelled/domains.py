"""The originals of each domain: real pictures from the shared data folder, and rendered forms."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from PIL import Image

from tests.bench.labelled import forms, records

Half = Literal["tune", "held-out"]
Size = Literal["small", "full"]

ROOT: Final = Path(__file__).resolve().parents[3]
DATA: Final = ROOT.parent / "shared" / "data"
HALVES: Final[tuple[Half, ...]] = ("tune", "held-out")
RENDERED: Final = "registry"
# Folder of the shared data for each domain.
FOLDERS: Final = {
    "photos": "photos-bsds500",
    "products": "products-clothing",
    "xrays": "xray-hannover",
    "scans": "forms-funsd",
}
PAPER: Final = ("scans", RENDERED)
ENDINGS: Final = (".jpg", ".png")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many originals of a domain at most in one half, and how many copies of each."""

    originals: int
    copies: int


PLANS: Final[dict[Size, dict[str, Plan]]] = {
    "full": {
        "photos": Plan(260, 4),
        "products": Plan(220, 5),
        "xrays": Plan(70, 9),
        "scans": Plan(110, 6),
        RENDERED: Plan(400, 2),
    },
    "small": {
        "photos": Plan(30, 3),
        "products": Plan(30, 3),
        "xrays": Plan(24, 4),
        "scans": Plan(30, 3),
        RENDERED: Plan(72, 2),
    },
}


@dataclass(frozen=True, slots=True)
class Original:
    """One content; `name` is the stem of its file. The last two are as in `records.sheets`."""

    domain: str
    name: str
    source: Path | records.Sheet
    differs_from: str = ""
    difference: str = ""

    @property
    def origin(self) -> str:
        return f"{self.domain}/{self.name}"

    @property
    def ending(self) -> str:
        return self.source.suffix if isinstance(self.source, Path) else ".jpg"

    def encoded(self) -> bytes:
        """The bytes of the original's file: those of the source, or a JPEG of the sheet."""
        if isinstance(self.source, Path):
            return self.source.read_bytes()
        buffer = io.BytesIO()
        forms.drawn(self.source).save(buffer, "JPEG", quality=85)
        return buffer.getvalue()

    def picture(self) -> Image.Image:
        """The pixels of that file, RGB or grey."""
        with Image.open(io.BytesIO(self.encoded())) as image:
            return image.copy() if image.mode == "L" else image.convert("RGB")


def missing(domain: str) -> str:
    """Why a domain is left out here; empty where it is not."""
    if domain == RENDERED:
        fonts = ", ".join(forms.missing_fonts())
        return f"the fonts {fonts} are not installed (fonts-noto-cjk)" if fonts else ""
    folder = DATA / FOLDERS[domain]
    return "" if folder.is_dir() else f"there is no folder {folder.relative_to(ROOT.parent)}"


def originals(domain: str, half: Half, size: Size, seed: int) -> list[Original]:
    """The originals of a domain that belong to a half, in a fixed order."""
    most = PLANS[size][domain].originals
    if domain == RENDERED:
        return [
            Original(domain, name, sheet, f"{domain}/{other}" if other else "", difference)
            for name, sheet, other, difference in records.sheets(half, most, seed)
        ]
    found = [
        Original(domain, path.stem, path)
        for path, subject in _pictures(domain)
        if half_of(subject) == half
    ]
    return sorted(found, key=lambda original: _number(original.name))[:most]


def half_of(subject: str) -> Half:
    """The half that a picture belongs to, for good; `subject` is its name, or its patient."""
    return HALVES[_number(f"half of {subject}") % 2]


def _pictures(domain: str) -> Iterator[tuple[Path, str]]:
    """Each picture with what must not be torn apart: X-rays of one patient are of one half."""
    folder = DATA / FOLDERS[domain]
    patients: dict[str, str] = {}
    if domain == "xrays":
        with (folder / "data.csv").open(encoding="utf-8-sig", newline="") as stream:
            patients = {row["image_id"]: row["patient_id"] for row in csv.DictReader(stream)}
    for path in sorted(folder.iterdir()):
        if path.suffix in ENDINGS:
            yield path, patients.get(path.stem, path.stem)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
