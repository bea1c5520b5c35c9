"""Candidate pairs as lines of a list, in a fixed number of queries for any number of pairs."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.punctuation import joined
from review.models import Decision, PairReview
from review.places import place
from review.quality.second import own_verdicts
from review.wording import score
from scanning.models import CandidatePair, SourceFile


@dataclass(frozen=True, slots=True)
class Row:
    """A pair with the first visible file of each side, and how many files there are in all.

    own: the person's verdict that waits for somebody else's: for them it stands like any other.
    """

    pair: CandidatePair
    shown: list[SourceFile]
    files: int
    own: Decision | None = None

    @property
    def named(self) -> list[tuple[SourceFile, str]]:
        """The files shown, each with the page or frame that the pair is about."""
        if self.pair.is_identical:
            return [(file, "") for file in self.shown]
        sides = (self.pair.left, self.pair.right)
        places = {bytes(side.sha256): place(side) for side in sides}
        return [(file, places[bytes(file.sha256 or b"")]) for file in self.shown]

    @property
    def score(self) -> str:
        return score(self.pair.score)

    @property
    def more(self) -> int:
        return self.files - len(self.shown)

    @property
    def libraries(self) -> str:
        return joined(sorted({file.library.name for file in self.shown}))

    @property
    def review(self) -> PairReview | None:
        return getattr(self.pair, "review", None)

    @property
    def decision(self) -> Decision | None:
        """The verdict that the person may know of."""
        return self.own or (self.review.decision if self.review else None)

    @property
    def holder(self) -> User | None:
        """Who looks at the pair now."""
        review = self.review
        if review is None or review.lease_until is None or review.lease_until < timezone.now():
            return None
        return review.lease_holder


def rows_of(pairs: Iterable[CandidatePair], user: User) -> list[Row]:
    """The pairs with their files; `left` and `right` must have been selected with them."""
    pairs = list(pairs)
    digests = {bytes(side.sha256) for pair in pairs for side in (pair.left, pair.right)}
    place = Window(
        RowNumber(),
        partition_by=F("sha256"),
        order_by=[F("is_present").desc(), F("library__name").asc(), F("path").asc(), F("pk").asc()],
    )
    files: dict[bytes, list[SourceFile]] = {}
    shown = (
        SourceFile.objects.visible_to(user)
        .filter(sha256__in=digests)
        .annotate(place=place, total=Window(Count("pk"), partition_by=F("sha256")))
        .filter(place__lte=2)
        .select_related("library")
        .order_by("place")
    )
    for file in shown:
        files.setdefault(bytes(file.sha256 or b""), []).append(file)
    own = own_verdicts(user, pairs)
    rows = []
    for pair in pairs:
        left, right = bytes(pair.left.sha256), bytes(pair.right.sha256)
        first = files.get(left, [])
        second = first[1:] if pair.is_identical else files.get(right, [])
        count = sum(_total(side) for side in ([first] if pair.is_identical else [first, second]))
        rows.append(Row(pair, [*first[:1], *second[:1]], count, own.get(pair.pk)))
    return rows


def _total(files: list[SourceFile]) -> int:
    """How many files the picture has, as the query counted them."""
    return int(getattr(files[0], "total", 0)) if files else 0
