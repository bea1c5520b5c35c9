"""What the database came with is shown in the reader's language."""

from importlib import import_module

import pytest
from django.utils.translation import override

from review.models import Matter, RecordClass, RetentionRuleVersion
from review.records.retention_words import class_names, rule_lines
from review.shipped import TEXTS, shipped
from review.templatetags.shipping import matter_words

pytestmark = pytest.mark.django_db


def test_every_text_of_the_database_is_known() -> None:
    """A preset that is added and not named there would stay English."""
    stored = {*Matter.objects.values_list("reference", flat=True)}
    stored |= {*Matter.objects.values_list("title", flat=True)}
    stored |= {*RecordClass.objects.values_list("name", flat=True)}
    for name in ("title", "citation", "remark"):
        stored |= {*RetentionRuleVersion.objects.values_list(name, flat=True)}
    assert stored == TEXTS
    presets = import_module("review.migrations.0007_retention_presets")
    assert {rule["remark"] for rule in presets.RULES} < TEXTS


def test_what_people_wrote_stays_as_they_wrote_it() -> None:
    with override("zh-hant"):
        assert shipped("Title") == "Title"
        assert shipped("HCA 1234/2026") == "HCA 1234/2026"


def test_names_of_classes_and_rules_go_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("review.shipped.gettext", lambda text: f"<{text}>")
    rule = RetentionRuleVersion.objects.get(rule__code="iro-business-records")

    lines = rule_lines(rule)

    assert class_names()["business"] == "<Business and accounting records>"
    assert lines["Title"] == "<Inland Revenue Ordinance: business records>"
    assert lines["Legal source"] == "<Inland Revenue Ordinance (Cap. 112), section 51C>"
    assert lines["Record classes"] == "<Business and accounting records>, <Transaction records>"
    assert matter_words(Matter.objects.get()) == "<UNASSIGNED> <Holds that wait for their matter>"
    # The log and the exports keep it as it is stored.
    assert str(Matter.objects.get()) == "UNASSIGNED Holds that wait for their matter"
