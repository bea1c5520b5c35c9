"""A known pair on the desk: the same page as any other pair, fed from another table."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils import timezone

from dedup_site.accounts.models import User
from review import desk, wording
from review.comparison import Side
from review.desk import Answer
from review.evidence import files_for, findings_for
from review.filters import PairFilter
from review.models import KnownMeeting, KnownPair
from review.services import known_verdicts, leases, referrals
from review.services.leases import LEASE, Lease
from scanning.models import CandidatePair, Finding, Picture, ScanRun

Claimed = tuple[CandidatePair, Lease]
# Nobody else can have it: everybody judges it for themselves.
TOKEN = 1


def instead_of(
    user: User, claimed: Claimed | None, chosen: PairFilter, leave_out: Iterable[int]
) -> Claimed | None:
    """A known pair in the place of the next one, which goes back to the queue; or that one."""
    pair = claimed[0] if claimed else None
    known = known_verdicts.instead_of(actor=user, pair=pair, chosen=chosen, leave_out=leave_out)
    if known is None:
        return claimed
    if pair is not None:
        leases.release(actor=user, pair=pair)
    return known.pair, lease_of(known)


def lease_of(known: KnownPair) -> Lease:
    """What stands for a lease; it is always the person's own."""
    return Lease(known.pk, TOKEN, timezone.now() + LEASE)


def known_of(pair: CandidatePair) -> KnownPair | None:
    """The known pair that is shown as this pair."""
    return getattr(pair, "known", None)


def context_of(pair: CandidatePair) -> Callable[..., dict[str, Any]]:
    """What makes the desk's context for this pair."""
    return desk.context if known_of(pair) is None else context


def context(
    pair: CandidatePair,
    user: User,
    lease: Lease | None,
    *,
    right_file: int | None = None,
    answer: Answer | None = None,
) -> dict[str, Any]:
    """As `desk.context`, for a known pair: with the person's own verdict on it, and nobody's else.

    right_file: of no use, for no known pair is one picture.
    """
    known = known_of(pair)
    if known is None:
        raise TypeError("Not a known pair: use desk.context.")
    sides = (_side(known, known.left, user), _side(known, known.right, user))
    own = known_verdicts.standing(user, known)
    found = desk.context(pair, user, lease_of(known), answer=answer, sides=sides)
    is_today = own is not None and timezone.localdate(own.made_at) == timezone.localdate()
    return found | {
        "decision": known_verdicts.as_decision(own) if own else None,
        "lease": None if own else lease,
        "may_undo": is_today,
        "past": [known_verdicts.as_decision(own)] if own else [],
        "findings": [(each, wording.rules(each)) for each in _findings(known, user)],
        "colleagues": [] if own else colleagues(known, user),
    }


def colleagues(known: KnownPair, user: User) -> list[User]:
    """Whom the person could ask: those who may judge a pair of the same library."""
    source = known.source_id or _in_front_of(known, user)
    if source is None:
        return []
    return referrals.colleagues(CandidatePair(pk=source), user)


def _in_front_of(known: KnownPair, user: User) -> int | None:
    met = KnownMeeting.objects.filter(known=known, user=user).first()
    if met is not None and met.in_front_of is not None:
        return met.in_front_of
    findings = Finding.objects.filter(library=known.library_id)
    return findings.values_list("pair", flat=True).first()


def _side(known: KnownPair, picture: Picture | None, user: User) -> Side:
    if picture is not None:
        files = files_for(picture, user)
        return Side(picture, files, next(iter(files), None))
    copy = known.its_copy
    file = copy.file
    return Side(copy.picture, [file], file)


def _findings(known: KnownPair, user: User) -> list[Finding]:
    """Where a scan seems to have found it: in its library, by the latest run."""
    if known.source is not None:
        return findings_for(known.source, user)
    run = ScanRun.objects.filter(library=known.library_id).order_by("-pk").first()
    return [Finding(library=known.library, run=run)] if run else []
