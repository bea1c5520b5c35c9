#!/usr/bin/env python3
"""Draws the demo library, from code alone: `python scripts/make_demo_library.py [OUT]`.

OUT is the library folder (default: demo/library); truth.csv is written beside it. Everything is
seeded, so the same versions of NumPy, SciPy, Pillow and the fonts give the same bytes.
"""

# ruff: noqa: RUF001  Chinese texts have Chinese punctuation.

import argparse
import csv
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image, ImageOps

from demo import contents, lettering

HOME = Path(__file__).resolve().parent.parent / "demo" / "library"
PRODUCT, SITE, FORM, PAPER = 56_000, 82_000, 57_000, 56_000  # bytes, where quality 30 allows


@dataclass
class Library:
    """The files so far: path -> bytes, and path -> origin."""

    files: dict[str, bytes] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, data: bytes, origin: str | None) -> bytes:
        if path in self.files:
            raise ValueError(f"{path} is made twice")
        self.files[path] = data
        if origin:
            self.origins[path] = origin
        return data


def draw(task: tuple[str, str]) -> Image.Image:
    """Renders one scene; runs in a process of its own."""
    from demo import outdoors, products, sites, studio  # building their tables takes a while

    kind, name = task
    if kind == "product":
        parts, setting, size = products.scenes()[name]
        return studio.photograph(parts, setting, size, crc32(name.encode()))
    scene, far = sites.scenes()[name]
    return outdoors.take(scene, (1200, 900), far)


def products(lib: Library, art: dict[str, Image.Image]) -> None:
    """Originals, and what the vendors made of each other's pictures."""
    from demo import variants as v

    raw: dict[str, bytes] = {}
    for i, (name, path) in enumerate(contents.PHOTOS):
        raw[name] = lib.add(
            path,
            v.jpeg(
                art[name],
                PRODUCT,
                taken=f"2026-0{1 + i % 6}-1{i % 9}T1{i % 8}:2{i % 10}",
                model="SO-30",
            ),
            f"product/{name}",
        )
    shown = {name: v.opened(data).convert("RGB") for name, data in raw.items()}

    def copy(path: str, name: str, data: bytes) -> bytes:
        return lib.add(f"products/{path}", data, f"product/{name}")

    copy("lion-rock-trading/IMG_4471.jpg", "mug-front", raw["mug-front"])
    copy(
        "star-ferry-mart/mug hong kong 350ml.jpg",
        "mug-front",
        v.jpeg(shown["mug-front"], PRODUCT, quality=38),
    )
    copy("peak-home/mug-thumb.jpg", "mug-front", v.jpeg(v.scaled(shown["mug-front"], 0.6), PRODUCT))
    copy(
        "lion-rock-trading/kettle-catalogue-grey.jpg",
        "kettle",
        v.jpeg(ImageOps.grayscale(shown["kettle"]), PRODUCT, quality=76),
    )
    copy(
        "peak-home/搪瓷水煲 薄荷綠（限時優惠）.jpg",
        "kettle",
        v.jpeg(
            v.captioned(shown["kettle"], "限時優惠 $168", "PEAK HOME 山頂家居"), PRODUCT, quality=78
        ),
    )
    copy(
        "star-ferry-mart/tea tin.jpg",
        "caddy",
        v.jpeg(v.cropped(shown["caddy"], 0.04, 0.03, 0.05, 0.04), PRODUCT, quality=80),
    )
    copy(
        "star-ferry-mart/toy-tram-left.jpg", "tram", v.jpeg(ImageOps.mirror(shown["tram"]), PRODUCT)
    )
    copy("peak-home/tram-60.jpg", "tram", v.jpeg(v.scaled(shown["tram"], 0.6), PRODUCT, quality=80))
    copy(
        "lion-rock-trading/headphones_01.jpg",
        "headphones",
        v.jpeg(
            v.watermarked(shown["headphones"], "獅子山貿易 LION ROCK TRADING"), PRODUCT, quality=78
        ),
    )
    copy(
        "star-ferry-mart/小黃鴨 浴室玩具 熱賣.webp",
        "duck",
        v.encoded(shown["duck"], "WEBP", quality=74, method=6),
    )
    copy(
        "harbour-goods/duck-square.jpg",
        "duck",
        v.jpeg(v.bordered(shown["duck"]), PRODUCT, quality=80),
    )
    copy(
        "lion-rock-trading/bowl-warm.jpg",
        "bowl",
        v.jpeg(v.warmer(shown["bowl"]), PRODUCT, quality=80),
    )
    small = v.jpeg(v.scaled(shown["bowl"], 0.3), PRODUCT, quality=80)
    copy("peak-home/bowl-360.jpg", "bowl", small)
    copy("peak-home/bowl-360.png", "bowl", v.encoded(v.opened(small), "PNG", optimize=1))
    copy(
        "peak-home/IMG_20260305_lamp.jpg",
        "lamp",
        v.jpeg(
            shown["lamp"].transpose(Image.Transpose.ROTATE_90),
            PRODUCT,
            quality=80,
            taken="2026-03-05T18:12",
            model="SO-6 mobile",
            orientation=6,
        ),
    )


def tenders(lib: Library, art: dict[str, Image.Image]) -> None:
    """Site photographs: all different, but for one that two suppliers sent in."""
    from demo import variants as v

    for name, path, taken, model in contents.SITES:
        lib.add(
            path, v.jpeg(v.dated(art[name], taken), SITE, taken=taken, model=model), f"site/{name}"
        )
    again = v.brighter(v.cropped(art["slope-a"], 0.03, 0.02, 0.025, 0.035))
    lib.add(
        f"{contents.SLOPE}/lion-rock-civil/P1030079.jpg",
        v.jpeg(again, SITE, quality=74),
        "site/slope-a",
    )
    whole = v.jpeg(v.dated(art["bridge-b"], "2026-03-16T15:09"), SITE)
    lib.add(f"{contents.LIFT}/kai-tak-lifts/damaged.jpg", whole[: len(whole) // 5], None)


def registry(lib: Library) -> None:
    """Forms of one template, one scanned twice, one turned, two that differ in one field."""
    from demo import papers
    from demo import variants as v

    for i, record in enumerate(contents.records()):
        sheet = papers.memorial(record)
        grey = i % 4 == 1
        edge = ("left", "right", "left", "bottom")[i % 4]
        image = papers.scan(sheet, 100 + i, grey=grey, warm=0.02 + 0.012 * (i % 3), shadow=edge)
        folder = f"registry/{contents.DISTRICTS[1 if i in (4, 5) else i % 3]}"
        name = f"註冊摘要_{record['memorial']}" + ("_第二份" if i == 5 else "")
        origin = f"record/{i + 1:02d}"
        lib.add(f"{folder}/{name}.jpg", v.jpeg(image, FORM, quality=72), origin)
        if i == 2:
            again = papers.scan(sheet, 900, grey=False, skew=1.4, warm=0.055, shadow="right")
            lib.add(
                f"{folder}/rescan_{record['memorial']}.jpg", v.jpeg(again, FORM, quality=66), origin
            )
        if i == 7:
            turned = image.transpose(Image.Transpose.ROTATE_90)
            lib.add(f"{folder}/SCAN0008 landscape.jpg", v.jpeg(turned, FORM, quality=68), origin)
    plan = papers.lot_plan(3, "1204")
    lib.add(
        "registry/sha-tin/lot-plan-1204-master.tif",
        v.encoded(Image.fromarray(plan), "TIFF", compression="tiff_adobe_deflate"),
        "plan/1204",
    )
    lib.add(
        "registry/sha-tin/地段圖 1204.jpg",
        v.jpeg(Image.fromarray((plan >> 8).astype(np.uint8)), FORM, quality=80),
        "plan/1204",
    )


def customers(lib: Library) -> None:
    """Membership cards and letters; some kept twice."""
    from demo import cards, papers
    from demo import variants as v

    for i, (folder, name, chinese, number, since, colour, address) in enumerate(contents.MEMBERS):
        base = f"customers/{folder}"
        photo = cards.on_desk(cards.card(name, chinese, number, since, colour, 40 + i), 60 + i)
        data = lib.add(
            f"{base}/membership-card.jpg",
            v.jpeg(
                photo, PAPER, quality=80, taken=f"2026-07-0{i + 1}T11:3{i}", model="SO-6 mobile"
            ),
            f"card/{folder}",
        )
        page = cards.letter(
            name,
            chinese,
            (address, "香港 Hong Kong"),
            f"0{i}42-118-{i + 3}",
            "2026-09",
            f"HK$ {486.2 + i * 57.35:.2f}",
        )
        if i == 3:
            lib.add(
                f"{base}/電費單 2026-09.png",
                v.encoded(
                    v.scaled(page, 0.8).quantize(32, dither=Image.Dither.NONE), "PNG", optimize=1
                ),
                f"bill/{folder}",
            )
        else:
            image = papers.scan(page, 300 + i, grey=False, warm=0.02, shadow=("left", "top")[i % 2])
            lib.add(
                f"{base}/proof-of-address.jpg", v.jpeg(image, PAPER, quality=74), f"bill/{folder}"
            )
        if folder == "C-10417":
            lib.add(f"{base}/IMG_0231 (copy).jpg", data, f"card/{folder}")
        if folder == "C-10582":
            lib.add(
                f"{base}/received 2026-07-02.jpg",
                v.jpeg(v.scaled(v.opened(data), 0.8), PAPER, quality=52),
                f"card/{folder}",
            )


def write(lib: Library, out: Path) -> None:
    """Writes the files, the manifest and the truth; removes files of an earlier run."""
    for old in sorted(out.rglob("*"), reverse=True):
        old.unlink() if old.is_file() else old.rmdir()
    for path, data in lib.files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(data)

    def table(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)

    kinds = {"registry": "land registration", "customers": "customer identification"}
    listed = [
        (
            p,
            f"2026-0{1 + crc32(p.encode()) % 9}-{1 + crc32(p.encode()) % 28:02d}",
            kinds[p.split("/")[0]],
        )
        for p in sorted(lib.files)
        if p.split("/")[0] in kinds
    ]
    table(out / "manifest.csv", [("path", "received", "document_type"), *listed])
    table(out.parent / "truth.csv", [("path", "origin"), *sorted(lib.origins.items())])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=HOME, help="library folder")
    out: Path = parser.parse_args().out
    if missing := lettering.missing_packages():
        print(
            f"Fonts are missing: install the Debian package {' and '.join(missing)}.",
            file=sys.stderr,
        )
        return 1
    if out.exists() and any(out.iterdir()) and not (out / "manifest.csv").is_file():
        print(f"{out} is not empty and not a demo library: choose another folder.", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    tasks = [("site", s[0]) for s in contents.SITES] + [("product", p[0]) for p in contents.PHOTOS]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        art = {}
        for (_, name), image in zip(tasks, pool.map(draw, tasks), strict=True):
            art[name] = image
            print(name, file=sys.stderr)
    lib = Library()
    products(lib, art)
    tenders(lib, art)
    registry(lib)
    customers(lib)
    write(lib, out)
    print(
        f"{len(lib.files) + 1} files, {sum(map(len, lib.files.values())):,} bytes", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
