"""The first page: for each person what matters to them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import Decision, PairReview
from scanning.models import Chunk, Library, ScanRun
from tests.conftest import MakePair, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_a_reviewer_starts_with_what_is_undecided(
    reviewer: User, make_pair: MakePair, client_as: SignIn
) -> None:
    make_pair("a", "b")
    decided = make_pair("a", "c")
    decision = Decision.objects.create(
        pair=decided, verdict="duplicate", reason="rescan", reviewer=reviewer, evidence={}
    )
    PairReview.objects.create(pair=decided, decision=decision, verdict="duplicate")
    page = client_as(reviewer).get(reverse("home"))
    assert page.context["undecided"] == 1
    assert "Start reviewing" in page.content.decode()


def test_running_scans_show_their_progress(
    admin: User, run: ScanRun, library: Library, client_as: SignIn
) -> None:
    ScanRun.objects.filter(pk=run.pk).update(state="reading")
    Chunk.objects.create(run=run, kind="read", ordinal=0, files_total=1200, files_done=300)
    page = client_as(admin).get(reverse("home")).content.decode()
    assert "300 of 1,200 files read" in page


def test_an_admin_without_libraries_is_told_the_first_steps(db: None, client_as: SignIn) -> None:
    page = client_as(make_user("new", Role.ADMIN)).get(reverse("home")).content.decode()
    assert reverse("scanning:library_mount") in page
    assert reverse("scanning:library_for_uploads") in page


def test_other_peoples_libraries_do_not_exist(
    outsider: User, make_pair: MakePair, client_as: SignIn
) -> None:
    make_pair()
    page = client_as(outsider).get(reverse("home"))
    assert page.context["undecided"] == 0
    assert "Land registry" not in page.content.decode()
    assert "Ask an admin" in page.content.decode()


def test_a_person_without_a_role_has_a_page_too(db: None, client_as: SignIn) -> None:
    user = User.objects.create_user("nobody")
    assert client_as(user).get(reverse("home")).status_code == 200


def test_signed_out(client: Client) -> None:
    answer = client.get(reverse("home"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")
