"""Changing retention: what could free files takes two people and a preview; the rest takes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from dedup_site.audit.verifier import digest_of
from review.models import (
    LibraryScheme,
    RecordClass,
    RetentionAnswer,
    RetentionRule,
    RetentionRuleVersion,
)
from review.records import record_policies as policies
from review.records import retention
from review.records.rules_in_force import as_rule, readable
from review.services.refusals import Refused
from review.services.retention_preview import Effect, effect_of
from scanning.models import Library

# Any number that no other lock of this kind uses.
LOCK = 7_305_802


class RetentionRefused(Refused):
    """The version is not in a state for this."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a version of a rule says; the names are those of `RetentionRuleVersion`."""

    title: str
    citation: str
    classes: tuple[str, ...]
    event_source: str
    period: str
    event_name: str = ""
    link: str = ""
    remark: str = ""
    is_verified: bool = False
    is_retired: bool = False

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {
            "classes": list(self.classes)
        }


@dataclass(frozen=True, slots=True)
class SchemeFacts:
    """How a library is classed; the names are those of `LibraryScheme`."""

    record_class: str = ""
    class_attribute: str = ""
    class_values: Mapping[str, str] = field(default_factory=dict)
    customer_attribute: str = ""

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {
            "class_values": dict(self.class_values)
        }


@transaction.atomic
def make_class(*, actor: User, code: str, name: str) -> RecordClass:
    """A new record class. By itself it changes nothing: a class without a rule blocks.

    Raises:
        PermissionDenied: the person may not keep retention rules.
        ValidationError: the code is taken or malformed, or the name is missing.
    """
    if not actor.may(Can.MANAGE_RETENTION):
        raise PermissionDenied
    made = RecordClass(code=code.strip(), name=name.strip())
    made.full_clean()
    made.save()
    record("retention.class_made", actor=actor, target=made, data={"code": made.code})
    return made


@transaction.atomic
def change_rule(
    *, actor: User, code: str, facts: RuleFacts, reason: str = ""
) -> RetentionRuleVersion:
    """A new version of a rule, or the first one of a new rule.

    It counts at once unless it could free a file: then it waits for a second person.

    Raises:
        PermissionDenied: the person may not keep retention rules.
        ValidationError: something is missing or cannot be read, or a class is not known.
        RetentionRefused: a version of this rule already waits.
    """
    _one_at_a_time()
    actor = policies.current(actor, Can.MANAGE_RETENTION)
    version = _draft_rule(actor, code, facts, reason)
    _record_version(version, actor)
    return version


@transaction.atomic
def preview_rule(*, actor: User, code: str, facts: RuleFacts) -> tuple[bool, list[Effect]]:
    """Whether this would need a second person, and which files it would free. Writes nothing.

    Raises: as in `change_rule`.
    """
    actor = policies.current(actor, Can.MANAGE_RETENTION)
    with transaction.atomic():
        version = _draft_rule(actor, code, facts, "")
        effect = effect_of(version)
        transaction.set_rollback(True)
    return version.needs_approval, effect


@transaction.atomic
def change_scheme(
    *, actor: User, library: Library, facts: SchemeFacts, reason: str = ""
) -> LibraryScheme:
    """A new way to class a library's files. Any change of class waits for a second person.

    Raises:
        PermissionDenied: the person may not keep retention rules, or was not given the library.
        ValidationError: a class is not known, or both ways to class are chosen.
        RetentionRefused: a version for this library already waits.
    """
    _one_at_a_time()
    actor = policies.current(actor, Can.MANAGE_RETENTION)
    scheme = _draft_scheme(actor, library, facts, reason)
    _record_version(scheme, actor)
    return scheme


@transaction.atomic
def preview_scheme(
    *, actor: User, library: Library, facts: SchemeFacts
) -> tuple[bool, list[Effect]]:
    """As `preview_rule`, for the way a library is classed."""
    actor = policies.current(actor, Can.MANAGE_RETENTION)
    with transaction.atomic():
        scheme = _draft_scheme(actor, library, facts, "")
        effect = effect_of(scheme)
        transaction.set_rollback(True)
    return scheme.needs_approval, effect


@transaction.atomic
def answer(
    *,
    actor: User,
    version: RetentionRuleVersion | LibraryScheme,
    is_approved: bool,
    note: str = "",
    seen: str | None = None,
) -> RetentionAnswer:
    """Approve a version that waits, or refuse it; whoever made it may withdraw it.

    seen: `seen_as()` of what the person was shown that it frees; None where there was no page.

    Raises:
        PermissionDenied: the person may not approve shorter retention (any more), or made it.
        RetentionRefused: it was answered before, what it changes has been changed since, whoever
            made it may not keep rules any more, it frees other files than the person was shown,
            or files in libraries that they were not given.
    """
    is_own = version.made_by_id == actor.pk
    if is_own and is_approved:
        raise PermissionDenied
    _one_at_a_time()
    actor = policies.current(actor, Can.MANAGE_RETENTION if is_own else Can.APPROVE_RETENTION)
    _lock(version)
    if isinstance(version, LibraryScheme):
        _check_given(actor, version.library)
    version = type(version).objects.get(pk=version.pk)
    if not version.needs_approval or RetentionAnswer.objects.filter(**_named(version)).exists():
        raise RetentionRefused(_("This change does not wait for an answer any more."))
    effect = _checked_effect(version, actor) if is_approved else []
    if is_approved and seen is not None and seen != seen_as(effect):
        raise RetentionRefused(
            _("What this change frees is not what you were shown any more. Look at it again.")
        )
    given = RetentionAnswer.objects.create(
        **_named(version), is_approved=is_approved, given_by=actor, note=note.strip()
    )
    record(
        "retention.approved" if is_approved else "retention.refused",
        actor=actor,
        target=version,
        library_id=version.library_id if isinstance(version, LibraryScheme) else None,
        data={"version": version.pk, "frees": frees_by_library(effect)},
        detail={"note": given.note} if given.note else None,
    )
    return given


def frees_by_library(effect: list[Effect]) -> dict[str, int]:
    """Numbers of files freed, by library id: what the log and the versions keep."""
    return {str(line.library.pk): line.frees for line in effect if line.frees}


def _one_at_a_time() -> None:
    """What a change frees depends on all rules and schemes: none of them changes meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def seen_as(effect: list[Effect]) -> str:
    """Stands for what a change frees, to tell whether that is still what a page showed."""
    return digest_of(frees_by_library(effect))


def _checked_effect(version: RetentionRuleVersion | LibraryScheme, actor: User) -> list[Effect]:
    """What approving it frees now. Raises RetentionRefused where the person may not approve."""
    if version.based_on_id != _current_id(version):
        raise RetentionRefused(
            _("What this changes has been changed since. Refuse it, and propose it anew.")
        )
    maker = version.made_by
    if maker is not None and not User.objects.get(pk=maker.pk).may(Can.MANAGE_RETENTION):
        raise RetentionRefused(
            _("Whoever made this change may not keep retention rules any more. Refuse it.")
        )
    effect = effect_of(version)
    given = set(Library.objects.visible_to(actor).values_list("pk", flat=True))
    if any(line.frees and line.library.pk not in given for line in effect):
        raise RetentionRefused(
            _(
                "This frees files in libraries that you were not given. Somebody who was given "
                "them must answer."
            )
        )
    return effect


def _draft_rule(actor: User, code: str, facts: RuleFacts, reason: str) -> RetentionRuleVersion:
    """The new version, saved; the caller keeps it or rolls back."""
    rule = RetentionRule.objects.filter(code=code).first() or RetentionRule(code=code)
    rule.full_clean(validate_unique=False)
    rule.save()
    RetentionRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    versions = RetentionRuleVersion.objects.filter(rule=rule)
    _refuse_second(versions.waiting().exists())
    current = versions.in_force().first()
    version = RetentionRuleVersion(
        rule=rule,
        number=_next_number(versions.first()),
        based_on=current,
        made_by=actor,
        reason=reason.strip(),
        needs_approval=False,
        **facts.fields(),
    )
    version.full_clean(exclude=["rule", "based_on", "made_by", "frees"])
    _check_rule(version)
    others = RetentionRuleVersion.objects.in_force().exclude(rule=rule).filter(is_retired=False)
    version.needs_approval = retention.is_shortening(
        readable(current), readable(version), [as_rule(other) for other in others]
    )
    version.save()
    return version


def _check_rule(version: RetentionRuleVersion) -> None:
    if not version.is_retired and as_rule(version).readable_period is None:
        raise ValidationError(
            _("Write the period as P7Y, P18M or P90D, and name the attribute if there is one.")
        )
    _check_classes(version.classes)


def _draft_scheme(actor: User, library: Library, facts: SchemeFacts, reason: str) -> LibraryScheme:
    """The new version, saved; the caller keeps it or rolls back."""
    _check_given(actor, library)
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    versions = LibraryScheme.objects.filter(library=library)
    _refuse_second(versions.waiting().exists())
    current = versions.in_force().first()
    if facts.record_class and facts.class_attribute:
        raise ValidationError(_("Choose one class, or an attribute, not both."))
    _check_classes([*facts.class_values.values(), *filter(None, [facts.record_class])])
    before = SchemeFacts(**_facts_of(current)) if current else SchemeFacts()
    scheme = LibraryScheme(
        library=library,
        number=_next_number(versions.first()),
        based_on=current,
        made_by=actor,
        reason=reason.strip(),
        needs_approval=_classes_of(before) != _classes_of(facts),
        **facts.fields(),
    )
    scheme.full_clean(exclude=["library", "based_on", "made_by", "frees", "class_values"])
    scheme.save()
    return scheme


def _facts_of(scheme: LibraryScheme) -> dict[str, Any]:
    return {name: getattr(scheme, name) for name in SchemeFacts.__slots__}


def _classes_of(facts: SchemeFacts) -> tuple[str, str, dict[str, str]]:
    return facts.record_class, facts.class_attribute, dict(facts.class_values)


def _check_given(actor: User, library: Library) -> None:
    if not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied


def _check_classes(codes: list[str]) -> None:
    known = set(RecordClass.objects.filter(code__in=codes).values_list("code", flat=True))
    for code in codes:
        if code not in known:
            raise ValidationError(_("There is no record class “%(code)s”.") % {"code": code})


def _refuse_second(is_waiting: bool) -> None:  # noqa: FBT001  a question and its answer
    if is_waiting:
        raise RetentionRefused(_("A change of this already waits for an answer."))


def _next_number(newest: RetentionRuleVersion | LibraryScheme | None) -> int:
    return newest.number + 1 if newest else 1


def _lock(version: RetentionRuleVersion | LibraryScheme) -> None:
    """Lock what the version changes; the versions themselves are append-only."""
    if isinstance(version, LibraryScheme):
        Library.objects.select_for_update(no_key=True).get(pk=version.library_id)
    else:
        RetentionRule.objects.select_for_update(no_key=True).get(pk=version.rule_id)


def _current_id(version: RetentionRuleVersion | LibraryScheme) -> int | None:
    if isinstance(version, LibraryScheme):
        schemes = LibraryScheme.objects.filter(library=version.library_id).in_force()
        return schemes.values_list("pk", flat=True).first()
    rules = RetentionRuleVersion.objects.filter(rule=version.rule_id).in_force()
    return rules.values_list("pk", flat=True).first()


def _named(version: RetentionRuleVersion | LibraryScheme) -> dict[str, Any]:
    return {"scheme" if isinstance(version, LibraryScheme) else "rule_version": version}


def _record_version(version: RetentionRuleVersion | LibraryScheme, actor: User) -> None:
    is_scheme = isinstance(version, LibraryScheme)
    record(
        "retention.proposed" if version.needs_approval else "retention.changed",
        actor=actor,
        target=version,
        library_id=version.library_id if isinstance(version, LibraryScheme) else None,
        data={
            "version": version.pk,
            "number": version.number,
            "based_on": version.based_on_id,
            "frees": frees_by_library(effect_of(version)) if version.needs_approval else {},
            **({} if is_scheme else _rule_data(version)),
        },
        detail={"reason": version.reason, **(_facts_of(version) if is_scheme else {})},  # type: ignore[arg-type]  # narrowed
    )


def _rule_data(version: Any) -> dict[str, Any]:
    names = ("classes", "event_source", "event_name", "period", "is_retired", "is_verified")
    return {name: _plain(getattr(version, name)) for name in names}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
