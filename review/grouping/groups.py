"""Groups as they are at this moment: worked out from the pairs, not from what is stored."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import models
from django.db.models import F

from dedup_site.accounts.models import User
from review.models import Group, PairReview, Verdict
from review.quality.second import judged_by
from review.querysets import Pairs
from scanning.engine.groups import grouped
from scanning.models import CandidatePair

Tier = CandidatePair.Tier

# More pictures than this nobody judges on one page, and their pairs are settled in one transaction;
# what is beyond forms a group of its own.
MOST_PICTURES = 600
# What a person confirmed is surer than every score, which ends at 1000.
CONFIRMED = 1001


class Link(NamedTuple):
    """A pair within a group: two pictures by id, and where the pair stands."""

    pair: int
    left: int
    right: int
    tier: str
    score: int
    verdict: str
    holder: int | None = None
    until: datetime | None = None

    @property
    def is_identical(self) -> bool:
        return self.left == self.right

    @property
    def separates(self) -> bool:
        """The comparison or a person says that the two are not the same."""
        if self.verdict == Verdict.DUPLICATE:
            return False
        return self.verdict == Verdict.NOT_DUPLICATE or self.tier == Tier.LOOKALIKE

    @property
    def strength(self) -> int:
        """What the pair counts where pairs join pictures."""
        return CONFIRMED if self.verdict == Verdict.DUPLICATE else self.score


FIELDS = ("pk", "left", "right", "tier", "score", "review__verdict")


def links_of(pairs: Pairs, *more: str) -> Iterable[Link]:
    """The pairs as links, read in portions."""
    rows = pairs.order_by().values_list(*FIELDS, *more)
    for pk, left, right, tier, score, verdict, *rest in rows.iterator(10_000):
        yield Link(pk, left, right, tier, score, verdict or "", *rest)


def said_apart(pictures: Collection[int] | None = None) -> Iterable[tuple[int, int]]:
    """Pictures that people called not duplicates, also where no scan finds the pair any more.

    pictures: only pairs of two of these.
    """
    reviews = PairReview.objects.filter(verdict=Verdict.NOT_DUPLICATE)
    reviews = reviews.exclude(pair__left=F("pair__right"))
    if pictures is not None:
        reviews = reviews.filter(pair__left__in=pictures, pair__right__in=pictures)
    return reviews.order_by().values_list("pair__left", "pair__right").iterator(10_000)


def within(pairs: Pairs, pictures: Collection[int]) -> Pairs:
    """Those of `pairs` whose two pictures are both among these."""
    return pairs.filter(left__in=pictures, right__in=pictures)


@dataclass(frozen=True, slots=True)
class Live:
    """A group as it is now.

    members: ids of its pictures, ascending; empty where nothing joins two of them any more.
    links: the pairs of its pictures, identical ones included. weakest: the pair that holds it
    together. apart: pictures that were in it and have been called something else since.
    """

    members: tuple[int, ...]
    links: tuple[Link, ...]
    weakest: Link | None
    apart: tuple[int, ...]

    @property
    def seen(self) -> str:
        """Stands for the members, to tell whether the group is still the one that was shown."""
        return hashlib.sha256(repr(self.members).encode()).hexdigest()[:16]

    @property
    def joining(self) -> list[Link]:
        """The pairs of two pictures."""
        return [link for link in self.links if not link.is_identical]

    @property
    def open(self) -> list[Link]:
        """The pairs of two pictures that nobody has decided."""
        return [link for link in self.joining if not link.verdict]


def live(group: Group, user: User | None = None) -> Live:
    """The group by its pairs and verdicts as they are now: four queries.

    user: whose verdicts count as given, also where they wait for a second person's.
    """
    stored = sorted(group.memberships.values_list("picture", flat=True))
    pairs = within(CandidatePair.objects.in_library(group.library_id), stored)
    own = judged_by(user, stored) if user else {}
    links = [
        link._replace(verdict=link.verdict or own.get(link.pair, ""))
        for link in links_of(pairs, "review__lease_holder", "review__lease_until")
    ]
    joining = [link for link in links if not link.is_identical and not link.separates]
    apart = {(link.left, link.right) for link in links if link.separates and not link.is_identical}
    parts = grouped(
        ((link.left, link.right, link.strength) for link in joining),
        apart.union(said_apart(stored)),
        most=MOST_PICTURES,
    ).groups
    if not parts:
        return Live((), (), None, tuple(stored))
    # As the stored group does, the largest part keeps the name.
    main = min(parts, key=lambda part: (-part.size, part.members[0]))
    members = set(main.members)
    ends = {main.weakest.left, main.weakest.right}
    return Live(
        main.members,
        tuple(link for link in links if link.left in members and link.right in members),
        next(link for link in joining if {link.left, link.right} == ends),
        tuple(picture for picture in stored if picture not in members),
    )


def of_pair(pair: CandidatePair, user: User) -> Group | None:
    """The largest group of more than two that both pictures are in, in a library of the person."""
    both = Group.objects.visible_to(user).filter(size__gt=2, memberships__picture=pair.left_id)
    if not pair.is_identical:
        others = Group.objects.filter(pk=models.OuterRef("pk"), memberships__picture=pair.right_id)
        both = both.filter(models.Exists(others))
    return both.order_by("-size", "pk").first()
