"""Postgres itself keeps decisions and holds as they were written."""

import pytest
from django.db import DatabaseError, connection, transaction

from dedup_site.accounts.models import User
from review.models import (
    Decision,
    HeldBefore,
    Hold,
    Matter,
    PairReview,
    ReleaseWithdrawal,
    RetentionAnswer,
    Verdict,
)
from scanning.models import SourceFile
from tests.conftest import MakePair
from tests.review.conftest import Judge
from tests.review.records import make_hold, make_rule, make_scheme, release

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
    fields = {"pair": held.pair, "reviewer": held.reviewer, "evidence": {}}
    fields |= {"verdict": "duplicate", "reason": "rescan"}
    Decision.objects.create(supersedes=held, **fields)

    for supersedes in (held, None):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(supersedes=supersedes, **fields)


def test_where_a_pair_stands_agrees_with_its_decision(held: Decision) -> None:
    for wrong in ({"verdict": ""}, {"decision": None}, {"verdict": "withdrawn"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            PairReview.objects.update(**wrong)


GROWING = [
    ("review_holdrelease", "reason = 'x'"),
    ("review_releaseapproval", "effective_at = now()"),
    ("review_releasewithdrawal", "reason = 'x'"),
    ("review_heldbefore", "since = now()"),
    ("review_retentionruleversion", "period = 'P1D'"),
    ("review_libraryscheme", "record_class = ''"),
    ("review_retentionanswer", "is_approved = true"),
]


@pytest.fixture
def released(
    reviewer: User, officer: User, admin: User, make_pair: MakePair, matter: Matter
) -> None:
    """A row in each table of releases and retention."""
    pair = make_pair()
    file = SourceFile.objects.earliest("pk")
    for hours_ago in (1, -1):
        hold = make_hold(officer, matter, picture=pair.left)
        proposal = release(hold, officer, admin, hours_ago=hours_ago)
    ReleaseWithdrawal.objects.create(release=proposal, withdrawn_by=admin)
    HeldBefore.objects.create(hold=hold, source_file=file)
    version = make_rule("rule", "own")
    make_scheme(file.library, record_class="own")
    RetentionAnswer.objects.create(rule_version=version, is_approved=True, given_by=officer)


@pytest.mark.parametrize(("table", "change"), GROWING, ids=[table for table, _change in GROWING])
def test_releases_and_retention_only_grow(released: None, table: str, change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in ("UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
                cursor.execute(statement.format(table, change))
