"""Which pictures of a run may be the same by their signatures: the engine's candidates."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from django.utils.translation import gettext as _

from scanning.contents import Content, codes_of
from scanning.engine.candidates import WAYS, Candidates, Radii, find, merged
from scanning.engine.join import TooManyPairs
from scanning.engine.nearest import thinned
from scanning.engine.signatures import Signatures

# The work is done in shares of so many pictures, to keep the lease in between.
SHARE = 10_000
# More pairs than this by one way do not fit into memory: the radius is made smaller.
MOST_PAIRS = 20_000_000


def pairs(
    contents: list[Content],
    radius: int,
    keep: Callable[[], None],
    tell: Callable[[str], None],
) -> Iterator[tuple[Content, Content, int, str]]:
    """Left, right, distance of 256 and the way that led to the pair, sorted by the contents.

    contents: those with a signature, sorted by digest. `tell` takes a notice for the run's page.
    """
    if not contents:
        return
    codes = [codes_of(contents, name) for name in ("phash256", "turned256", "trimmed256", "raster")]
    signatures = Signatures.from_codes(
        *([found[content.pk] for content in contents] for found in codes)
    )
    keep()
    found = thinned(_found(signatures, radius, keep, tell), signatures)
    keep()
    rows = (found.left, found.right, found.distance, found.way)
    for left, right, distance, way in zip(*(row.tolist() for row in rows), strict=True):
        yield contents[left], contents[right], distance, WAYS[way]


def _found(
    signatures: Signatures,
    radius: int,
    keep: Callable[[], None],
    tell: Callable[[str], None],
) -> Candidates:
    """The engine's candidates; where they would be too many, those within a smaller radius."""
    shares = -(-len(signatures) // SHARE)
    parts = []
    try:
        for share in range(shares):
            keep()
            parts.append(
                find(
                    signatures,
                    radii(radius, len(signatures)),
                    share=(share, shares),
                    limit=MOST_PAIRS,
                )
            )
    except TooManyPairs:
        if radius == 0:
            raise
        tell(
            _(
                "Too many pictures look alike for a distance of %(radius)d: "
                "this scan looked within %(half)d."
            )
            % {"radius": radius, "half": radius // 2}
        )
        return _found(signatures, radius // 2, keep, tell)
    return merged(parts)


def radii(radius: int, count: int) -> Radii:
    """The radii of all ways for a job whose largest distance is `radius` of 256 bits."""
    usual = Radii.for_count(count)
    return replace(
        usual,
        whole=radius,
        turned=min(radius, usual.turned or 0),
        trimmed=min(radius, usual.trimmed or 0),
        windows=min(radius // 4, usual.windows or 0),
    )
