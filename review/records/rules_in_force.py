"""The rules and schemes that count now, as `review/records/retention.py` takes them."""

from dedup_site.audit.verifier import digest_of
from review.models import LibraryScheme, RetentionRuleVersion
from review.records.retention import Rule, Scheme


def as_rule(version: RetentionRuleVersion) -> Rule:
    """A version as the pure module takes it."""
    return Rule(
        classes=frozenset(version.classes),
        event_source=version.event_source,
        event_name=version.event_name,
        period=version.period,
        label=version.title,
    )


def readable(version: RetentionRuleVersion | None) -> Rule | None:
    """As `as_rule`; None where the rule does not apply (any more)."""
    return None if version is None or version.is_retired else as_rule(version)


def rules() -> list[Rule]:
    """The rules that apply."""
    versions = RetentionRuleVersion.objects.in_force().filter(is_retired=False)
    return [as_rule(version) for version in versions.order_by("pk")]


def schemes() -> dict[int, Scheme]:
    """How each classed library is classed, by its id."""
    return {
        scheme.library_id: Scheme(scheme.record_class, scheme.class_attribute, scheme.class_values)
        for scheme in LibraryScheme.objects.in_force()
    }


def rules_digest() -> str:
    """Stands for all rules and schemes in force: it changes when any of them does."""
    versions = RetentionRuleVersion.objects.in_force().order_by("pk").values_list("pk", flat=True)
    classed = LibraryScheme.objects.in_force().order_by("pk").values_list("pk", flat=True)
    return digest_of({"rules": list(versions), "schemes": list(classed)})
