"""Libraries to match, and scans that stop before they match them."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scanning.models import (
    CandidatePair,
    Chunk,
    Finding,
    Joined,
    Library,
)
from scanning.tasks import work_chunk
from tests.library_pictures import scene, write
from tests.scans import started

SAME_TENDER = {"must_agree": ["tender"], "must_differ": ["supplier"]}


def with_comment(source: Path, target: Path, comment: str) -> Path:
    """A JPEG with other bytes and the same pixels: a comment after its first two bytes."""
    data, text = source.read_bytes(), comment.encode()
    segment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data[:2] + segment + data[2:])
    return target


def read_only(library: Library, **settings: Any) -> Chunk:
    """The match chunk of a run that has just read everything."""
    run = started(library, **settings)
    while chunk := Chunk.objects.ready().filter(run=run).exclude(kind="match").first():
        work_chunk(chunk.pk)
    return Chunk.objects.get(run=run, kind="match")


def textured(seed: int) -> Image.Image:
    """A scene with finer structure, as photographs have."""
    blocks = np.random.default_rng(seed).integers(0, 256, (30, 40), dtype=np.uint8)
    fine = Image.fromarray(blocks).resize((640, 480), Image.Resampling.BICUBIC)
    return Image.blend(scene(seed, 640, 480).convert("L"), fine, 0.4)


def copies(root: Path, seeds: range) -> None:
    """A picture and a small copy of it, a little cut, for each seed."""
    for seed in seeds:
        write(textured(seed), root / f"{seed}.jpg")
        cut = textured(seed).crop((8, 4, 636, 470))
        write(cut.resize((200, 150)), root / f"{seed} small.jpg", quality=70)


def forget() -> None:
    """As if no scan had found anything yet."""
    Finding.objects.all().delete()
    CandidatePair.objects.all().delete()
    Joined.objects.all().delete()
