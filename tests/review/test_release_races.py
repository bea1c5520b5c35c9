"""Two records officers at the same moment, over two connections."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import HoldRelease, Matter, RecordClass, ReleaseApproval
from review.services import releases
from review.services.releases import ReleaseRefused
from review.services.retention import RetentionRefused, RuleFacts, answer, change_rule
from scanning.models import Library
from tests.conftest import make_user
from tests.review.records import file_is, make_file, make_hold, make_rule, make_scheme
from tests.scans import at_once


class Scene(NamedTuple):
    proposal: HoldRelease
    second: User
    third: User


@pytest.fixture
def scene(real_database: str, request: pytest.FixtureRequest) -> Scene:
    """A proposed release, and two officers who may approve it."""
    library: Library = request.getfixturevalue("library")
    first, second, third = (
        make_user(name, Role.RECORDS_OFFICER, library) for name in ("first", "second", "third")
    )
    hold = make_hold(first, Matter.objects.get(), library=library)
    proposal = releases.propose_release(actor=first, hold=hold, reason="Settled")
    return Scene(proposal, second, third)


def outcome(work: Callable[[], object]) -> Callable[[], str]:
    """What becomes of it, in a word."""

    def tried() -> str:
        try:
            work()
        except (ReleaseRefused, RetentionRefused):
            return "refused"
        return "done"

    return tried


def test_a_release_is_approved_once(scene: Scene) -> None:
    approvals = [
        outcome(lambda who=who: releases.approve_release(actor=who, release=scene.proposal))  # type: ignore[misc]  # bound at once
        for who in (scene.second, scene.third)
    ]

    assert sorted(at_once(*approvals)) == ["done", "refused"]
    assert ReleaseApproval.objects.count() == 1


def test_approved_and_withdrawn_at_once_it_is_withdrawn(scene: Scene) -> None:
    approve, withdraw = at_once(
        outcome(lambda: releases.approve_release(actor=scene.second, release=scene.proposal)),
        outcome(lambda: releases.withdraw_release(actor=scene.third, release=scene.proposal)),
    )

    assert withdraw == "done"
    assert approve in ("done", "refused")
    assert HoldRelease.objects.with_state().get().state == "withdrawn"


def test_a_rule_that_goes_and_one_that_comes_free_nothing_unseen(scene: Scene) -> None:
    """Each alone frees nothing: without a rule a class blocks, and beside a rule another adds."""
    library = Library.objects.get()
    file = make_file(library, "a.jpg", b"a" * 32)
    RecordClass.objects.create(code="own", name="Own")
    make_scheme(library, record_class="own")
    make_rule("long", "own", period="P9Y", source="file_date")
    long = RuleFacts("Long", "Cap. 1", ("own",), "file_date", "P9Y")
    gone = change_rule(actor=scene.second, code="long", facts=replace(long, is_retired=True))

    at_once(
        outcome(lambda: answer(actor=scene.third, version=gone, is_approved=True)),
        outcome(
            lambda: change_rule(actor=scene.second, code="short", facts=replace(long, period="P0D"))
        ),
    )

    told = json.loads(AuditEvent.objects.get(action="retention.approved").body)["data"]["frees"]
    is_free = not file_is("review_file_is_retained", file)
    assert told == ({str(library.pk): 1} if is_free else {})


def test_of_two_changes_that_wait_one_is_refused(scene: Scene) -> None:
    facts = RuleFacts("AMLO", "Cap. 615", ("transaction",), "attribute", "P1Y", "transaction_date")
    changes = [
        outcome(lambda who=who: change_rule(actor=who, code="amlo-transactions", facts=facts))  # type: ignore[misc]  # bound at once
        for who in (scene.second, scene.third)
    ]

    assert sorted(at_once(*changes)) == ["done", "refused"]
