"""What the tests of the review desk share."""

from collections.abc import Callable

import pytest

from dedup_site.accounts.models import User
from review.models import Decision, Matter, Verdict
from review.services import decisions, leases
from review.services.holds import UNASSIGNED
from scanning.models import CandidatePair

Judge = Callable[..., Decision]


@pytest.fixture
def matter(db: None) -> Matter:
    """The matter that the database is born with."""
    return Matter.objects.get(reference=UNASSIGNED)


@pytest.fixture
def judge() -> Judge:
    """Take a pair and give a verdict on it, as the page does."""

    def give(
        actor: User,
        pair: CandidatePair,
        verdict: str = Verdict.DUPLICATE,
        reason: str = "same_picture",
        **more: object,
    ) -> Decision:
        lease = leases.take(actor=actor, pair=pair)
        assert lease is not None
        return decisions.decide(
            actor=actor,
            pair=pair,
            verdict=verdict,
            reason=reason,
            token=lease.token,
            **more,  # type: ignore[arg-type]  # note and matter
        )

    return give
