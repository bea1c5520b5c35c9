"""How much of a library is judged twice, and which pairs that concerns."""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import SecondReviewRule
from scanning.models import CandidatePair, Finding, Library

Mode = SecondReviewRule.Mode
SALT = "review.second_review"


def in_force(library: Library) -> SecondReviewRule | None:
    """The library's rule; None where there has never been one."""
    return SecondReviewRule.objects.filter(library=library).order_by("-number").first()


def of_pair(pair: CandidatePair) -> SecondReviewRule | None:
    """The rule that has this pair judged twice, the strictest of its libraries; None: no rule."""
    libraries = Finding.objects.filter(pair=pair).values("library")
    latest = SecondReviewRule.objects.filter(library__in=libraries).order_by(
        "library_id", "-number"
    )
    rules = sorted(latest.distinct("library_id"), key=lambda rule: (-rule.percent, rule.library_id))
    return next((rule for rule in rules if chooses(rule, pair)), None)


def of_pairs(pairs: Collection[int], weakest: CandidatePair) -> dict[int, SecondReviewRule]:
    """The rules that have pairs of one group judged twice.

    The group goes by its weakest pair; what a library has judged twice without exception is so in
    any group.
    """
    rule = of_pair(weakest)
    if rule is not None:
        return dict.fromkeys(pairs, rule)
    found = Finding.objects.filter(pair__in=pairs)
    latest = SecondReviewRule.objects.filter(library__in=found.values("library"))
    rules = {
        rule.library_id: rule
        for rule in latest.order_by("library_id", "-number").distinct("library_id")
        if rule.mode == Mode.EVERYTHING
    }
    strict = found.filter(library__in=rules).values_list("pair", "library")
    return {pair: rules[library] for pair, library in strict}


def chooses(rule: SecondReviewRule, pair: CandidatePair) -> bool:
    """Whether the pair is in the rule's share; a larger share has every pair of a smaller one."""
    return place_of(pair, rule.library_id) < rule.percent


def place_of(pair: CandidatePair, library_id: int) -> float:
    """Where the pair lies from 0 to 100: always the same, and to foresee only with the site's key.

    By the contents, so that no new scan and no new number deals the cards again.
    """
    left, right = pair.left, pair.right
    text = f"{library_id}:{left.digest}:{left.page}:{right.digest}:{right.page}"
    digest = salted_hmac(SALT, text, algorithm="sha256").digest()
    return int.from_bytes(digest[:6], "big") / 2**48 * 100


@transaction.atomic
def set_rule(
    *, actor: User, library: Library, mode: str, percent: int, shows_names: bool, reason: str
) -> SecondReviewRule:
    """Put a new version of the library's rule in force. What waits already goes on waiting.

    Raises:
        PermissionDenied: the person may not set up libraries, or was not given this one.
        ValidationError: a sample that is not 1 to 99 percent, or nothing has changed.
    """
    if not actor.may(Can.MANAGE_LIBRARIES):
        raise PermissionDenied
    if not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied
    if mode not in Mode.values:
        raise ValidationError(_("Choose how much is judged twice."))
    if mode == Mode.SAMPLE and not 1 <= percent <= 99:
        raise ValidationError(_("Give the size of the sample, from 1 to 99 percent."))
    percent = {Mode.OFF: 0, Mode.EVERYTHING: 100}.get(Mode(mode), percent)
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    before = in_force(library)
    known = (before.mode, before.percent, before.shows_names) if before else (Mode.OFF, 0, False)
    if known == (mode, percent, shows_names):
        raise ValidationError(_("Nothing has changed, so that nothing was saved."))
    numbers = SecondReviewRule.objects.filter(library=library)
    rule = SecondReviewRule.objects.create(
        library=library,
        number=(numbers.aggregate(last=Max("number"))["last"] or 0) + 1,
        mode=mode,
        percent=percent,
        shows_names=shows_names,
        reason=reason,
        made_by=actor,
    )
    record(
        "quality.rule_changed",
        actor=actor,
        target=rule,
        library_id=library.pk,
        data={"number": rule.number, "mode": mode, "percent": percent, "shows_names": shows_names},
        detail={"reason": reason} if reason else None,
    )
    return rule
