"""Keeping the reasons for verdicts: a change is a new version, and no code is ever lost."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review import reasons
from review.models import ReasonCode, ReasonVersion, Verdict

# The keys 1 to 9.
MOST_REASONS = 9
# "SLreason" as a number: whoever changes reasons does so alone.
LOCK = 0x534C726561736F6E


@dataclass(frozen=True, slots=True)
class ReasonChange:
    """How a reason is to read from now on. place: its number among those of its verdict."""

    code: str
    verdict: str
    words: str
    words_zh: str
    place: int
    is_retired: bool = False


@transaction.atomic
def change(*, actor: User, wanted: ReasonChange) -> list[ReasonVersion]:
    """Write the new version, and new versions of those whose key it changes.

    A code that is not known yet is made. The same words at the same place write nothing.

    Raises:
        PermissionDenied: the person keeps no reasons.
        ValidationError: words are missing, the code belongs to another verdict, or the verdict
            would have no reason left, or more than there are keys.
    """
    if not actor.may(Can.MANAGE_LIBRARIES):
        raise PermissionDenied
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    order = arranged(wanted)
    code, _created = ReasonCode.objects.get_or_create(
        code=wanted.code, defaults={"verdict": wanted.verdict}
    )
    made = []
    current = {version.reason.code: version for version in newest(wanted.verdict)}
    for place, reason in enumerate(order, start=1):
        before = current.get(reason.code)
        if before is None or _differs(before, reason, place):
            made.append(_write(reason, place, before, actor))
    if wanted.is_retired and (before := current.get(code.code)) and not before.is_retired:
        made.append(_write(wanted, before.place, before, actor))
    return made


def arranged(wanted: ReasonChange) -> list[ReasonChange]:
    """The reasons of the verdict in the order of their keys, once the change is made.

    Raises:
        ValidationError: as `change` does.
    """
    _check(wanted)
    others = [
        ReasonChange(each.code, wanted.verdict, each.wording.words, each.wording.words_zh, 0)
        for each in reasons.of(wanted.verdict)
        if each.code != wanted.code
    ]
    if not wanted.is_retired:
        others.insert(max(0, min(wanted.place - 1, len(others))), wanted)
    if not others:
        raise ValidationError(_("A verdict needs at least one reason: add another one first."))
    if len(others) > MOST_REASONS:
        raise ValidationError(_("There are keys for nine reasons. Retire another one first."))
    return others


def newest(verdict: str) -> list[ReasonVersion]:
    """The newest version of each reason of a verdict, retired ones too, in order."""
    found = (
        ReasonVersion.objects.filter(reason__verdict=verdict)
        .select_related("reason", "made_by")
        .order_by("reason_id", "-number")
        .distinct("reason_id")
    )
    return sorted(found, key=lambda version: (version.is_retired, version.place, version.pk))


def _check(wanted: ReasonChange) -> None:
    if wanted.verdict not in Verdict.values or wanted.verdict == Verdict.WITHDRAWN:
        raise ValidationError(_("Choose a verdict."))
    if not wanted.words.strip() or not wanted.words_zh.strip():
        raise ValidationError(_("Write the words in both languages."))
    known = ReasonCode.objects.filter(code=wanted.code).first()
    if known is not None and known.verdict != wanted.verdict:
        raise ValidationError(
            _("The code %(code)s belongs to another verdict. Choose another code.")
            % {"code": wanted.code}
        )


def _differs(before: ReasonVersion, reason: ReasonChange, place: int) -> bool:
    return (before.words, before.words_zh, before.place, before.is_retired) != (
        *(reason.words, reason.words_zh, place),
        False,
    )


def _write(
    reason: ReasonChange, place: int, before: ReasonVersion | None, actor: User
) -> ReasonVersion:
    code = ReasonCode.objects.get(code=reason.code)
    version = ReasonVersion.objects.create(
        reason=code,
        number=before.number + 1 if before else 1,
        words=reason.words.strip(),
        words_zh=reason.words_zh.strip(),
        place=place,
        is_retired=reason.is_retired,
        made_by=actor,
    )
    record(
        "reason.changed",
        actor=actor,
        target=code,
        data={
            "reason": code.code,
            "verdict": code.verdict,
            "version": version.number,
            "words": version.words,
            "words_zh": version.words_zh,
            "place": version.place,
            "is_retired": version.is_retired,
        },
    )
    return version
