"""What the tests of second reviews and samples share."""

from collections.abc import Callable

import pytest

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import SecondReviewRule
from review.services import quality_rules
from scanning.models import Library
from tests.conftest import make_user

SetRule = Callable[..., SecondReviewRule]


@pytest.fixture
def third_reviewer(library: Library) -> User:
    return make_user("third_reviewer", Role.REVIEWER, library)


@pytest.fixture
def set_rule(library: Library, admin: User) -> SetRule:
    """Have the library's pairs judged twice: all of them, unless told otherwise."""

    def give(mode: str = "everything", percent: int = 0, **more: object) -> SecondReviewRule:
        return quality_rules.set_rule(
            actor=admin,
            library=library,
            mode=mode,
            percent=percent,
            **{"shows_names": False, "reason": "", **more},  # type: ignore[arg-type]  # by name
        )

    return give
