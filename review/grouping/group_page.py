"""What the group pages show; the number of queries is fixed, whatever the size of the group."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db.models import Case, Count, F, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from dedup_site.accounts.models import User
from review import compared, reasons, wording
from review.grouping.group_advice import advice
from review.grouping.groups import Link, Live, live
from review.models import Group, GroupDecision, GroupVerdict, Membership, Verdict
from review.plans import rules
from review.quality.second import veiled, waiting_in
from review.records.hold_querysets import counted_for, held_pictures
from review.services import group_decisions
from scanning.models import CandidatePair, Picture, SourceFile

# Pairs that the group page lists, the weakest first; pictures that a line of the list shows.
LISTED_PAIRS = 20
SHOWN_PICTURES = 5


@dataclass(frozen=True, slots=True)
class Card:
    """A picture of the group with its first file, and where its pairs stand."""

    picture: Picture
    file: SourceFile | None
    files: int
    is_held: bool
    is_advised: bool
    is_new: bool
    holder: str

    @property
    def more_files(self) -> int:
        return self.files - 1


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair in the list of the group's pairs."""

    link: Link
    holder: str

    @property
    def score(self) -> str:
        return wording.score(self.link.score)

    @property
    def verdict(self) -> str:
        return str(Verdict(self.link.verdict).label) if self.link.verdict else ""

    @property
    def tier(self) -> str:
        return str(CandidatePair.Tier(self.link.tier).label)


def context(group: Group, user: User) -> dict[str, Any]:
    """Everything for `review/group.html` but the filters and the way on."""
    now = live(group, user)
    pictures = list(Picture.objects.filter(pk__in=now.members).order_by("pk"))
    held = _held(now.members, user)
    in_force = reasons.in_force()
    told = advice(pictures, held, rules.keep_order(group.library_id))
    holders = _holders(now.links, user)
    open_links = now.open
    past = veiled(_past(group), user)
    return {
        "group": group,
        "now": now,
        "cards": _cards(group, now, pictures, held, told.picture, holders, user),
        "advice": told,
        "weakest": _weakest(now),
        "open_count": len(open_links),
        "settled_count": len(now.joining) - len(open_links),
        "busy_count": sum(1 for link in open_links if link.pair in holders),
        "held_count": sum(1 for link in open_links if held & {link.left, link.right}),
        "pairs": [
            PairLine(link, holders.get(link.pair, ""))
            for link in sorted(now.joining, key=lambda link: (bool(link.verdict), link.score))
        ][:LISTED_PAIRS],
        "hidden_pairs": max(0, len(now.joining) - LISTED_PAIRS),
        "past": [(given, group_decisions.may_undo(user, given)) for given in past],
        "reasons": _numbered(in_force, Verdict.DUPLICATE),
        "reasons_apart": _numbered(in_force, Verdict.NOT_DUPLICATE),
        "nonce": uuid4(),
    }


def _numbered(
    in_force: dict[str, list[reasons.Reason]], verdict: Verdict
) -> list[tuple[int, str, str]]:
    """Number on the keyboard, code, words."""
    return [(reason.number, reason.code, reason.words) for reason in in_force.get(verdict, [])]


def _held(pictures: Iterable[int], user: User) -> set[int]:
    """Those of the pictures on a hold that the person may see."""
    held = held_pictures(counted_for(user)).filter(pk__in=list(pictures))
    return set(held.order_by().values_list("pk", flat=True))


def _holders(links: Iterable[Link], user: User) -> dict[int, str]:
    """Who else looks at which open pair now."""
    moment = timezone.now()
    leased = {
        link.pair: link.holder
        for link in links
        if not link.verdict
        and link.holder not in (None, user.pk)
        and link.until
        and link.until >= moment
    }
    people = {person.pk: person for person in User.objects.filter(pk__in=set(leased.values()))}
    return {pair: people[holder].display_name for pair, holder in leased.items() if holder}


def _cards(
    group: Group,
    now: Live,
    pictures: list[Picture],
    held: set[int],
    advised: int | None,
    holders: dict[int, str],
    user: User,
) -> list[Card]:
    """The advised picture first, then what is new since the last verdict, then the largest."""
    files = _files(group, pictures, user)
    open_of = Counter(end for link in now.open for end in (link.left, link.right))
    confirmed = {
        end
        for link in now.joining
        if link.verdict == Verdict.DUPLICATE
        for end in (link.left, link.right)
    }
    busy = {
        end: holders[link.pair]
        for link in now.open
        if link.pair in holders
        for end in (link.left, link.right)
    }
    cards = [
        Card(
            picture=picture,
            file=files.get(bytes(picture.sha256)),
            files=getattr(files.get(bytes(picture.sha256)), "total", 0),
            is_held=picture.pk in held,
            is_advised=picture.pk == advised,
            is_new=bool(confirmed) and picture.pk not in confirmed and open_of[picture.pk] > 0,
            holder=busy.get(picture.pk, ""),
        )
        for picture in pictures
    ]
    return sorted(
        cards,
        key=lambda card: (
            not card.is_advised,
            not card.is_held,
            not card.is_new,
            -card.picture.width * card.picture.height,
            -card.picture.byte_size,
            card.picture.pk,
        ),
    )


def _files(group: Group, pictures: list[Picture], user: User) -> dict[bytes, SourceFile]:
    """The first visible file of each picture, one of the group's library if there is one."""
    elsewhere = Case(When(library=group.library_id, then=0), default=1)
    order = [F("is_present").desc(), elsewhere, F("path").asc(), F("pk").asc()]
    place = Window(RowNumber(), partition_by=[F("sha256")], order_by=order)
    shown = (
        SourceFile.objects.visible_to(user)
        .filter(sha256__in=[picture.sha256 for picture in pictures])
        .annotate(place=place, total=Window(Count("pk"), partition_by=F("sha256")))
        .filter(place=1)
    )
    return {bytes(file.sha256 or b""): file for file in shown}


def _weakest(now: Live) -> dict[str, Any] | None:
    """The pair that holds the group together, with what the comparison says of it."""
    if now.weakest is None:
        return None
    pair = CandidatePair.objects.select_related("left", "right").get(pk=now.weakest.pair)
    return {
        "pair": pair,
        "is_confirmed": now.weakest.verdict == Verdict.DUPLICATE,
        "sentence": compared.sentence(pair) or wording.TIERS[pair.tier],
        "facts": wording.facts(pair),
    }


def _past(group: Group) -> list[GroupDecision]:
    """Verdicts on this group that were not taken back, newest first."""
    return list(
        GroupDecision.objects.filter(
            group_number=group.pk, library=group.library_id, superseded_by__isnull=True
        )
        .exclude(verdict=GroupVerdict.WITHDRAWN)
        .select_related("reviewer")[:10]
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list of groups."""

    group: Group
    pictures: list[int]
    open_pairs: int

    @property
    def more(self) -> int:
        return self.group.size - len(self.pictures)

    @property
    def score(self) -> str:
        return wording.score(self.group.weakest.score)


def rows_of(groups: Iterable[Group], user: User) -> list[Row]:
    """The groups with some of their pictures, the representative first."""
    groups = list(groups)
    numbered = Membership.objects.annotate(
        place=Window(RowNumber(), partition_by=F("group"), order_by="picture")
    ).filter(group__in=groups, place__lte=SHOWN_PICTURES)
    pictures: dict[int, list[int]] = {group.pk: [group.representative_id] for group in groups}
    for group, picture in numbered.order_by("place").values_list("group", "picture"):
        if picture not in pictures[group]:
            pictures[group].append(picture)
    waiting = waiting_in(groups, user)
    return [
        Row(
            group,
            pictures[group.pk][:SHOWN_PICTURES],
            max(0, group.open_pairs - waiting.get(group.pk, 0)),
        )
        for group in groups
    ]
