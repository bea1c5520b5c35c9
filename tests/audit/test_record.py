"""Recording an event: inside a transaction, with a known action, hashed as it stands."""

import json

import pytest

from dedup_site.accounts.models import User
from dedup_site.audit.services import detail_digest, record

pytestmark = pytest.mark.django_db


def test_body_is_the_truth_and_commits_to_the_detail(reviewer: User) -> None:
    event = record("decision.made", actor=reviewer, data={"pair": 7}, detail={"note": "同一張相片"})
    body = json.loads(event.body)
    assert body["action"] == "decision.made"
    assert body["actor"] == reviewer.pk
    assert body["data"] == {"pair": 7}
    assert event.detail == {"actor": "reviewer", "target": "", "note": "同一張相片"}
    assert body["detail_sha256"] == detail_digest(event.detail, bytes(event.salt))


def test_names_stay_out_of_the_body(reviewer: User) -> None:
    event = record("account.signed_in", actor=reviewer, target=reviewer)
    assert "reviewer" not in event.body


def test_an_unknown_action_is_refused(reviewer: User) -> None:
    with pytest.raises(KeyError, match=r"Unknown audit action 'tea.made'"):
        record("tea.made", actor=reviewer)
