"""What the tests of the executor share."""

import pytest

from dedup_site.accounts.models import User
from scanning.models import Library, ScanRun
from tests.review.actions.at_work import add_duplicates


@pytest.fixture
def duplicates(run: ScanRun, reviewer: User) -> Library:
    """A library with two confirmed duplicates, `copies/0.jpg` and `copies/1.jpg`."""
    add_duplicates(run, reviewer, 2)
    return run.library
