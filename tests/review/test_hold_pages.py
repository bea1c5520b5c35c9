"""The pages of matters, holds and releases: who may, what they show, what they answer."""

from collections.abc import Callable, Iterable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import Hold, HoldRelease, Matter
from review.services import releases
from scanning.models import Library
from tests.conftest import MakePicture, make_user
from tests.review.records import make_file, make_hold, release

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


@pytest.fixture
def second_officer(library: Library) -> User:
    return make_user("second_officer", Role.RECORDS_OFFICER, library)


@pytest.fixture
def hold(officer: User, matter: Matter, make_picture: MakePicture) -> Hold:
    return make_hold(officer, matter, picture=make_picture(), note="=1+1")


@pytest.fixture
def proposal(officer: User, hold: Hold) -> HoldRelease:
    return releases.propose_release(actor=officer, hold=hold, reason="Settled on 3 May")


@pytest.fixture
def secret(officer: User) -> Matter:
    matter = Matter.objects.create(reference="ICAC 7", title="Harbour", is_confidential=True)
    matter.readers.add(officer)
    return matter


def text(answer: Iterable[bytes]) -> str:
    return b"".join(answer).decode()


LOOKED_AT = ["matters", "holds", "releases"]
ADDRESSES = [
    *((name, "", "GET", ("officer", "reviewer", "auditor")) for name in LOOKED_AT),
    ("holds_export", "", "POST", ("officer", "reviewer", "auditor")),
    ("releases_export", "", "POST", ("officer", "reviewer", "auditor")),
    ("matter", "matter", "GET", ("officer", "reviewer", "auditor")),
    ("matter_change", "matter", "GET", ("officer",)),
    ("matter_state", "matter", "POST", ("officer",)),
    ("hold_place", "matter", "GET", ("officer", "reviewer")),
    ("hold_release", "hold", "GET", ("officer",)),
    ("release_approve", "proposal", "POST", ("second_officer",)),
    ("release_withdraw", "proposal", "POST", ("officer", "second_officer")),
]
IDS = [row[0] for row in ADDRESSES]


@pytest.mark.parametrize(("name", "about", "method", "who"), ADDRESSES, ids=IDS)
def test_who_may(
    name: str,
    about: str,
    method: str,
    who: tuple[str, ...],
    client: Client,
    client_as: ClientAs,
    proposal: HoldRelease,
    request: pytest.FixtureRequest,
) -> None:
    arguments = [request.getfixturevalue(about).pk] if about else []
    address = reverse(f"review:{name}", args=arguments)

    assert client.generic(method, address).status_code == 302
    for role in ("reviewer", "admin", "auditor", "officer"):
        answer = client_as(request.getfixturevalue(role)).generic(method, address)
        if role not in who and not (name == "release_approve" and role == "officer"):
            assert answer.status_code == 403, role
    for role in who:
        answer = client_as(request.getfixturevalue(role)).generic(method, address)
        assert answer.status_code in (200, 302), role


@pytest.mark.parametrize(
    ("name", "about", "method"),
    [
        ("hold_release", "hold", "GET"),
        ("release_approve", "proposal", "POST"),
        ("release_withdraw", "proposal", "POST"),
    ],
)
def test_what_was_not_given_is_not_there(
    name: str,
    about: str,
    method: str,
    client_as: ClientAs,
    proposal: HoldRelease,
    request: pytest.FixtureRequest,
) -> None:
    client = client_as(make_user("stranger", Role.RECORDS_OFFICER))
    pk = request.getfixturevalue(about).pk

    assert client.generic(method, reverse(f"review:{name}", args=[pk])).status_code == 404


def test_a_confidential_matter_is_not_there_for_others(
    officer: User, second_officer: User, client_as: ClientAs, secret: Matter, library: Library
) -> None:
    hold = make_hold(officer, secret, library=library)
    for name, pk in (
        ("matter", secret.pk),
        ("matter_change", secret.pk),
        ("hold_place", secret.pk),
        ("hold_release", hold.pk),
    ):
        address = reverse(f"review:{name}", args=[pk])
        assert client_as(second_officer).get(address).status_code == 404
        assert client_as(officer).get(address).status_code == 200


def test_lists_name_a_confidential_matter_to_those_who_know_it_only(
    officer: User,
    second_officer: User,
    client_as: ClientAs,
    secret: Matter,
    make_picture: MakePicture,
) -> None:
    hold = make_hold(officer, secret, picture=make_picture(), note="about Harbour")
    release(hold, officer, second_officer)

    for name in ("matters", "holds", "releases", "holds_export", "releases_export"):
        method = "POST" if name.endswith("export") else "GET"
        others = text(client_as(second_officer).generic(method, reverse(f"review:{name}")))
        assert "ICAC" not in others, name
        assert "Harbour" not in others, name
        assert (f"Confidential matter {secret.pk}" in others) == (name != "matters")
        own = text(client_as(officer).generic(method, reverse(f"review:{name}")))
        assert "ICAC 7" in own, name


def test_the_matter_page_counts_the_files_of_each_hold(
    officer: User, client_as: ClientAs, library: Library, matter: Matter
) -> None:
    make_file(library, "in/a.jpg", b"\1" * 32)
    make_file(library, "copy.jpg", b"\1" * 32)
    hidden = Library.objects.create(name="Hidden", kind="uploaded")
    make_file(hidden, "hidden.jpg", b"\1" * 32)
    make_hold(officer, matter, library=library, folder="in")
    make_hold(officer, matter, library=library, folder="out")

    page = client_as(officer).get(reverse("review:matter", args=[matter.pk]))

    assert [(line.hold.covers, line.file_count) for line in page.context["lines"]] == [
        *(("out/", 0), ("in/", 2))
    ]


def test_a_matter_is_changed_closed_and_opened_again(
    officer: User, auditor: User, client_as: ClientAs
) -> None:
    client = client_as(officer)
    client.post(reverse("review:matters"), {"reference": "A 1", "title": "Old"})
    made = Matter.objects.get(reference="A 1")
    facts = {"reference": "A 1", "title": "新案", "is_confidential": "on", "readers": [auditor.pk]}

    client.post(reverse("review:matter_change", args=[made.pk]), facts)
    made.refresh_from_db()
    assert (made.title, made.is_confidential) == ("新案", True)
    assert set(made.readers.all()) == {officer, auditor}

    state = reverse("review:matter_state", args=[made.pk])
    client.post(state, {"state": "closed"})
    made.refresh_from_db()
    assert not made.is_open
    client.post(state, {"state": "open"})
    made.refresh_from_db()
    assert made.is_open


def test_a_matter_under_which_something_is_held_stays_open(
    officer: User, client_as: ClientAs, hold: Hold, make_picture: MakePicture
) -> None:
    matter = Matter.objects.create(reference="B 2", title="Two")
    make_hold(officer, matter, picture=make_picture())

    address = reverse("review:matter_state", args=[matter.pk])
    answer = client_as(officer).post(address, {"state": "closed"}, follow=True)

    assert "still holds in force" in text(answer)


KINDS = {
    "library": {},
    "folder": {"folder": "/in/"},
    "attribute": {"attribute_name": "supplier", "attribute_value": "X"},
    "file": {"path": "in/a.jpg"},
    "picture": {"sha256": "01" * 32},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_hold_of_each_kind_is_shown_first_and_then_placed(
    kind: str, officer: User, client_as: ClientAs, library: Library, matter: Matter
) -> None:
    from scanning.models import Picture

    digest = b"\1" * 32
    Picture.objects.create(sha256=digest, byte_size=1, format="PNG", mode="L", width=1, height=1)
    make_file(library, "in/a.jpg", digest, attributes={"supplier": "X"})
    make_file(library, "copy.jpg", digest)
    address = f"{reverse('review:hold_place', args=[matter.pk])}?kind={kind}"
    given = {"library": library.pk, "libraries": [library.pk], "reason": "regulator", **KINDS[kind]}
    client = client_as(officer)

    shown = client.post(address, {**given, "do": "preview"})

    assert shown.context["covered"].with_copies == 2
    assert not Hold.objects.exists()
    client.post(address, {**given, "do": "place"})
    assert Hold.objects.get().kind == kind


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("folder", {"folder": "//"}),
        ("file", {"path": "nowhere.jpg"}),
        ("picture", {"sha256": "abc"}),
        ("picture", {"sha256": "ff" * 32}),
        ("attribute", {"attribute_name": "supplier", "attribute_value": "X", "libraries": []}),
        ("library", {"reason": ""}),
        ("library", {"library": 4711}),
    ],
)
def test_what_does_not_fit_comes_back_with_the_reason(
    kind: str,
    given: dict[str, object],
    officer: User,
    client_as: ClientAs,
    library: Library,
    matter: Matter,
) -> None:
    address = f"{reverse('review:hold_place', args=[matter.pk])}?kind={kind}"
    sent = {"library": library.pk, "reason": "regulator", "do": "place", **given}

    answer = client_as(officer).post(address, sent)

    assert answer.status_code == 400
    assert "There is a problem" in text(answer)
    assert not Hold.objects.exists()


def test_a_reviewer_holds_single_things_only(
    reviewer: User, client_as: ClientAs, library: Library, matter: Matter
) -> None:
    address = reverse("review:hold_place", args=[matter.pk])
    client = client_as(reviewer)

    assert [kind.value for kind in client.get(address).context["kinds"]] == ["picture", "file"]
    assert client.get(f"{address}?kind=library").status_code == 403
    assert client.get(f"{address}?kind=moon").status_code == 403


def test_a_release_from_proposal_to_approval(
    officer: User, second_officer: User, client_as: ClientAs, hold: Hold
) -> None:
    address = reverse("review:hold_release", args=[hold.pk])
    assert client_as(officer).post(address, {"reason": ""}).status_code == 400

    client_as(officer).post(address, {"reason": "Settled"})

    proposal = HoldRelease.objects.get()
    own_page = text(client_as(officer).get(reverse("review:matters")))
    assert "another records officer has to approve" in own_page
    assert reverse("review:release_approve", args=[proposal.pk]) not in own_page
    approve = reverse("review:release_approve", args=[proposal.pk])
    assert client_as(officer).post(approve).status_code == 403
    client_as(second_officer).post(approve)
    assert proposal.approval.approved_by == second_officer
    again = client_as(second_officer).post(approve, follow=True)
    assert "does not wait for approval" in text(again)


def test_a_second_proposal_comes_back_with_the_reason(
    second_officer: User, client_as: ClientAs, hold: Hold, proposal: HoldRelease
) -> None:
    address = reverse("review:hold_release", args=[hold.pk])
    answer = client_as(second_officer).post(address, {"reason": "Me too"})

    assert answer.status_code == 400
    assert "under way already" in text(answer)


def test_a_release_is_withdrawn_with_a_word(
    second_officer: User, client_as: ClientAs, proposal: HoldRelease
) -> None:
    address = reverse("review:release_withdraw", args=[proposal.pk])
    client_as(second_officer).post(address, {"reason": "Appealed"})

    assert proposal.withdrawal.reason == "Appealed"


def test_reports_are_filtered_and_exported(
    officer: User,
    second_officer: User,
    client_as: ClientAs,
    hold: Hold,
    library: Library,
    matter: Matter,
) -> None:
    other = make_hold(officer, matter, library=library, folder="in")
    release(other, officer, second_officer)
    client = client_as(officer)

    def listed(**chosen: str | int) -> list[Hold]:
        page = client.get(reverse("review:holds"), chosen)
        return [line.hold for line in page.context["lines"]]

    assert listed() == [other, hold]
    assert listed(state="in_force") == [hold]
    assert listed(state="released", matter=matter.pk) == [other]
    assert listed(matter=4711) == []

    table = text(client.post(reverse("review:holds_export"), {"state": "in_force"}))
    (line,) = table.splitlines()[1:]
    assert "'=1+1" in line
    assert line.startswith(f"{hold.pk},UNASSIGNED ")
    event = AuditEvent.objects.get(action="export.holds")
    assert '"filters":{"state":"in_force"}' in event.body

    table = text(client.post(reverse("review:releases_export")))
    assert ",effective,Settled,officer," in table
    assert AuditEvent.objects.filter(action="export.releases").count() == 1
    page = client.get(reverse("review:releases"), {"state": "effective"})
    assert len(page.context["releases"]) == 1
    assert not client.get(reverse("review:releases"), {"state": "proposed"}).context["releases"]


@pytest.mark.parametrize("name", ["holds_export", "releases_export"])
@pytest.mark.parametrize("field", ["state", "matter"])
def test_nothing_that_was_typed_gets_into_the_log_for_good(
    auditor: User, client_as: ClientAs, name: str, field: str
) -> None:
    answer = client_as(auditor).post(reverse(f"review:{name}"), {field: "Chan Siu Ming"})

    assert answer.status_code == 302
    assert not AuditEvent.objects.filter(action__startswith="export.").exists()


def test_the_pair_page_offers_open_matters_that_one_knows(
    officer: User, second_officer: User, client_as: ClientAs, secret: Matter, matter: Matter
) -> None:
    closed = Matter.objects.create(reference="Z 9", title="Old")
    Matter.objects.filter(pk=closed.pk).update(state="closed", closed_at=closed.opened_at)

    assert [str(each) for each in Matter.objects.open_for(officer)] == [
        "ICAC 7 Harbour",
        str(matter),
    ]
    assert Matter.objects.open_for(second_officer) == [matter]
