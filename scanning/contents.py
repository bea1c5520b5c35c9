"""What matching needs to know of a run's pictures, read from the database."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scanning.engine.hashing.fingerprints import ALGORITHMS
from scanning.models import Fingerprint, Picture, ScanRun, SourceFile
from scanning.selection import Selection
from scanning.storage import raw_path


@dataclass(frozen=True, slots=True)
class Content:
    """One picture of the library with what matching needs.

    `files` holds what the rules ask of its files' attributes; of equal ones only two, which say
    as much as a thousand. `is_alone`: it is no page or frame among others.
    """

    pk: int
    sha256: bytes
    width: int
    height: int
    files: tuple[dict[str, str], ...]
    page: int = 0
    is_alone: bool = True

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def contents_of(run: ScanRun, keep: Callable[[], None]) -> list[Content]:
    """The pictures of the files that the run's job selects, sorted by digest and page."""
    names = [*run.configuration["must_agree"], *run.configuration["must_differ"]]
    files: dict[bytes, Counter[tuple[str | None, ...]]] = defaultdict(Counter)
    for sha256, attributes in _files(run):
        keep()
        files[sha256][tuple(attributes.get(name) for name in names)] += 1
    digests = sorted(files)
    contents = []
    for start in range(0, len(digests), 10_000):
        pictures = Picture.objects.current().filter(sha256__in=digests[start : start + 10_000])
        for picture in pictures.order_by("sha256", "page"):
            keep()
            sha256 = bytes(picture.sha256)
            asked = _asked(names, files[sha256])
            contents.append(
                Content(
                    picture.pk,
                    sha256,
                    picture.width,
                    picture.height,
                    asked,
                    picture.page,
                    picture.frames == 1,
                )
            )
    return contents


def _files(run: ScanRun) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Digest and attributes of each file: those that the run saw, and those out of its sight."""
    readable = SourceFile.objects.readable().filter(library_id=run.library_id)
    seen = readable.filter(last_run=run).values_list("sha256", "attributes")
    for sha256, attributes in seen.iterator(10_000):
        yield bytes(sha256 or b""), attributes
    selection = Selection.of(run.configuration)
    for file in readable.exclude(last_run=run).iterator(10_000):
        if selection.takes(raw_path(file), file.size):
            yield bytes(file.sha256 or b""), file.attributes


def _asked(
    names: Sequence[str], files: Counter[tuple[str | None, ...]]
) -> tuple[dict[str, str], ...]:
    """The attributes with these names, of equal files no more than two."""
    return tuple(
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values, count in files.items()
        for _ in range(min(count, 2))
    )


def codes_of(contents: list[Content], algorithm: str) -> dict[int, bytes]:
    """The codes of one algorithm in its present version, by picture."""
    codes: dict[int, bytes] = {}
    ids = [content.pk for content in contents]
    for start in range(0, len(ids), 10_000):
        rows = Fingerprint.objects.filter(
            algorithm=algorithm,
            version=ALGORITHMS[algorithm],
            picture_id__in=ids[start : start + 10_000],
        ).values_list("picture_id", "code")
        codes |= {pk: bytes(code) for pk, code in rows}
    return codes
