"""Postgres itself keeps decisions and holds as they were written."""

import pytest
from django.db import DatabaseError, connection, transaction

from dedup_site.accounts.models import User
from review.models import Decision, Hold, Matter, PairReview, Verdict
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

STATEMENTS = ["UPDATE {} SET note = 'changed'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]


@pytest.fixture
def held(reviewer: User, make_pair: MakePair, judge: Judge, matter: Matter) -> Decision:
    return judge(reviewer, make_pair(), Verdict.LEGAL_HOLD, "litigation", matter=matter)


@pytest.mark.parametrize("table", ["review_decision", "review_hold"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_nothing_is_changed_or_removed(held: Decision, table: str, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
            cursor.execute(statement.format(table))

    assert Decision.objects.get().note == ""
    assert Hold.objects.count() == 2


def test_a_decision_is_superseded_once(held: Decision) -> None:
    fields = {"pair": held.pair, "reviewer": held.reviewer, "evidence": {}, "verdict": "duplicate"}
    Decision.objects.create(supersedes=held, **fields)

    for supersedes in (held, None):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(supersedes=supersedes, **fields)


def test_where_a_pair_stands_agrees_with_its_decision(held: Decision) -> None:
    for wrong in ({"verdict": ""}, {"decision": None}, {"verdict": "withdrawn"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            PairReview.objects.update(**wrong)
