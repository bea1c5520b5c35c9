"""The pages of retention and personal data."""

from collections.abc import Callable, Iterable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import LibraryScheme, Matter, RecordClass, RetentionRuleVersion
from scanning.models import Library, LibraryAccess
from tests.conftest import MakePair, make_user
from tests.review.conftest import Judge
from tests.review.records import make_file, make_hold, make_rule, make_scheme

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
RULE = {
    "title": "AMLO",
    "citation": "Cap. 615",
    "classes": ["customer-due-diligence"],
    "event_source": "attribute",
    "event_name": "relationship_end",
    "period": "P5Y",
}


def text(answer: Iterable[bytes]) -> str:
    return b"".join(answer).decode()


@pytest.fixture
def waiting_rule(officer: User) -> RetentionRuleVersion:
    from review.services.retention import RuleFacts, change_rule

    facts = RuleFacts("AMLO", "Cap. 615", ("business",), "attribute", "P1Y", "transaction_date")
    return change_rule(actor=officer, code="iro-business-records", facts=facts)


@pytest.fixture
def waiting_scheme(officer: User, library: Library) -> LibraryScheme:
    from review.services.retention import SchemeFacts, change_scheme

    facts = SchemeFacts(record_class="no-duty")
    return change_scheme(actor=officer, library=library, facts=facts)


LOOKERS = ("admin", "officer", "auditor")
ADDRESSES = [
    ("retention", "", "GET", LOOKERS),
    ("rule_new", "", "GET", ("admin", "officer")),
    ("rule", "code", "GET", LOOKERS),
    ("rule_change", "waiting_rule", "GET", LOOKERS),
    ("scheme", "library", "GET", LOOKERS),
    ("scheme_change", "waiting_scheme", "GET", LOOKERS),
    ("personal_data", "", "GET", LOOKERS),
    ("personal_data_export", "", "POST", LOOKERS),
    ("record_class_new", "", "POST", ("admin", "officer")),
]


@pytest.mark.parametrize(
    ("name", "about", "method", "who"), ADDRESSES, ids=[row[0] for row in ADDRESSES]
)
def test_who_may(
    name: str,
    about: str,
    method: str,
    who: tuple[str, ...],
    client: Client,
    client_as: ClientAs,
    request: pytest.FixtureRequest,
) -> None:
    arguments: list[object] = []
    if about:
        arguments = ["amlo-cdd"] if about == "code" else [request.getfixturevalue(about).pk]
    address = reverse(f"review:{name}", args=arguments)

    assert client.generic(method, address).status_code == 302
    for role in ("reviewer", "admin", "auditor", "officer"):
        answer = client_as(request.getfixturevalue(role)).generic(method, address)
        assert answer.status_code in ((200, 302) if role in who else (403,)), role


def test_a_library_that_was_not_given_is_not_there(
    client_as: ClientAs, library: Library, waiting_scheme: LibraryScheme
) -> None:
    client = client_as(make_user("stranger", Role.RECORDS_OFFICER))

    for name, pk in (("scheme", library.pk), ("scheme_change", waiting_scheme.pk)):
        assert client.get(reverse(f"review:{name}", args=[pk])).status_code == 404
    assert library.name not in text(client.get(reverse("review:retention")))


def test_auditors_look_and_change_nothing(
    auditor: User,
    client_as: ClientAs,
    library: Library,
    waiting_rule: RetentionRuleVersion,
) -> None:
    client = client_as(auditor)

    for name, argument in (
        ("rule", "amlo-cdd"),
        ("scheme", library.pk),
        ("rule_change", waiting_rule.pk),
    ):
        address = reverse(f"review:{name}", args=[argument])
        assert client.post(address, {**RULE, "answer": "approve"}).status_code == 403


def test_the_list_says_what_is_not_verified(admin: User, client_as: ClientAs) -> None:
    page = text(client_as(admin).get(reverse("review:retention")))

    assert "Inland Revenue Ordinance (Cap. 112), section 51C" in page
    assert page.count("Not verified") == 4
    assert "Not classed: blocks" in page


def test_a_rule_is_shown_first_and_then_lengthened(admin: User, client_as: ClientAs) -> None:
    address = reverse("review:rule", args=["amlo-cdd"])
    client = client_as(admin)

    shown = client.post(address, {**RULE, "period": "p6y", "do": "preview"})
    assert "Takes one person" in text(shown)
    assert RetentionRuleVersion.objects.filter(rule__code="amlo-cdd").count() == 1

    client.post(address, {**RULE, "period": "p6y", "do": "save", "change_reason": "Advice"})
    version = RetentionRuleVersion.objects.in_force().get(rule__code="amlo-cdd")
    assert (version.period, version.reason, version.made_by) == ("P6Y", "Advice", admin)


def test_a_shortening_is_proposed_and_approved_by_another(
    admin: User, officer: User, library: Library, client_as: ClientAs
) -> None:
    make_scheme(library, record_class="customer-due-diligence")
    make_file(library, "a.jpg", attributes={"relationship_end": "2020-01-01"})
    make_file(library, "b.jpg", attributes={"relationship_end": "2090-01-01"})
    address = reverse("review:rule", args=["amlo-cdd"])

    given = {**RULE, "period": "P5D", "change_reason": "A trial"}
    shown = text(client_as(admin).post(address, {**given, "do": "preview"}))
    assert "Takes two people" in shown
    client_as(admin).post(address, {**given, "do": "save"})

    version = RetentionRuleVersion.objects.waiting().get()
    change = reverse("review:rule_change", args=[version.pk])
    assert change in text(client_as(officer).get(reverse("review:retention")))
    page = client_as(officer).get(change)
    assert "P5Y" in text(page)
    assert client_as(admin).post(change, {"answer": "approve"}).status_code == 403
    approval = {"answer": "approve", "note": "Seen", "seen": page.context["seen"]}
    client_as(officer).post(change, approval)
    assert RetentionRuleVersion.objects.in_force().get(rule__code="amlo-cdd") == version
    again = client_as(officer).post(change, {"answer": "approve"}, follow=True)
    assert "does not wait for an answer" in text(again)


def test_what_frees_more_than_was_shown_is_not_approved(
    admin: User, officer: User, library: Library, client_as: ClientAs
) -> None:
    """A rule that goes blocks, and frees nothing; not so once another rule has its class."""
    make_rule("long", "own", period="P9Y", name="relationship_end")
    RecordClass.objects.create(code="own", name="Own")
    make_scheme(library, record_class="own")
    make_file(library, "a.jpg", attributes={"relationship_end": f"{timezone.now():%Y-%m-%d}"})
    given = {**RULE, "classes": ["own"], "do": "save"}
    gone = {**given, "is_retired": "on"}
    client_as(admin).post(reverse("review:rule", args=["long"]), gone)
    change = reverse("review:rule_change", args=[RetentionRuleVersion.objects.waiting().get().pk])
    page = client_as(officer).get(change)
    assert "It frees no file" in text(page)

    short = {**given, "code": "short", "event_source": "file_date", "period": "P0D"}
    client_as(admin).post(reverse("review:rule_new"), short)
    assert RetentionRuleVersion.objects.in_force().filter(rule__code="short").exists()
    approval = {"answer": "approve", "seen": page.context["seen"]}
    again = client_as(officer).post(change, approval, follow=True)

    assert "is not what you were shown" in text(again)
    assert RetentionRuleVersion.objects.waiting().exists()
    client_as(officer).post(change, {**approval, "seen": again.context["seen"]})
    assert not RetentionRuleVersion.objects.waiting().exists()


def test_a_change_is_refused(
    officer: User, client_as: ClientAs, waiting_rule: RetentionRuleVersion
) -> None:
    change = reverse("review:rule_change", args=[waiting_rule.pk])

    client_as(officer).post(change, {"answer": "refuse"})

    assert not waiting_rule.answer.is_approved
    assert "Refused by officer" in text(client_as(officer).get(change))


@pytest.mark.parametrize(
    "wrong", [{"period": "seven"}, {"event_name": ""}, {"classes": []}, {"classes": ["moon"]}]
)
def test_what_cannot_be_read_comes_back(
    admin: User, client_as: ClientAs, wrong: dict[str, object]
) -> None:
    address = reverse("review:rule", args=["amlo-cdd"])
    answer = client_as(admin).post(address, {**RULE, **wrong, "do": "save"})

    assert answer.status_code == 400
    assert "There is a problem" in text(answer)


def test_a_new_rule_has_a_code_of_its_own(admin: User, client_as: ClientAs) -> None:
    address = reverse("review:rule_new")
    client = client_as(admin)

    taken = client.post(address, {**RULE, "code": "amlo-cdd", "do": "save"})
    assert "There is a rule with this code" in text(taken)
    client.post(address, {**RULE, "code": "house-rule", "do": "save"})
    version = RetentionRuleVersion.objects.get(rule__code="house-rule")
    assert not version.needs_approval  # another rule keeps the class already


def test_a_class_is_made(admin: User, client_as: ClientAs) -> None:
    address = reverse("review:record_class_new")
    client = client_as(admin)

    client.post(address, {"name": "Survey sheets 測量圖", "code": "survey"})
    taken = client.post(address, {"name": "Twice", "code": "survey"}, follow=True)

    page = text(taken)
    assert "Survey sheets 測量圖" in page
    assert "already exists" in page


def test_a_library_is_classed_by_its_attribute(
    admin: User, officer: User, library: Library, client_as: ClientAs
) -> None:
    address = reverse("review:scheme", args=[library.pk])
    given = {
        "class_attribute": "kind",
        "class_values": "護照\N{FULLWIDTH EQUALS SIGN}customer-due-diligence\n\na=b=transaction",
        "customer_attribute": "customer",
    }
    client = client_as(admin)

    assert "Takes two people" in text(client.post(address, {**given, "do": "preview"}))
    client.post(address, {**given, "do": "save"})

    scheme = LibraryScheme.objects.waiting().get()
    assert scheme.class_values == {"護照": "customer-due-diligence", "a=b": "transaction"}
    change = reverse("review:scheme_change", args=[scheme.pk])
    seen = client_as(officer).get(change).context["seen"]
    client_as(officer).post(change, {"answer": "approve", "seen": seen})
    assert LibraryScheme.objects.in_force().get() == scheme
    assert "護照=customer-due-diligence" in text(client.get(address))


@pytest.mark.parametrize(
    "wrong",
    [
        {"record_class": "business", "class_attribute": "kind"},
        {"class_attribute": "kind", "class_values": "passport"},
        {"class_attribute": "kind", "class_values": "passport=moon"},
        {"class_values": "passport=business"},
    ],
)
def test_a_scheme_that_makes_no_sense_comes_back(
    admin: User, library: Library, client_as: ClientAs, wrong: dict[str, str]
) -> None:
    address = reverse("review:scheme", args=[library.pk])
    answer = client_as(admin).post(address, {**wrong, "do": "save"})

    assert answer.status_code == 400
    assert not LibraryScheme.objects.exists()


@pytest.fixture
def customers(
    officer: User,
    reviewer: User,
    matter: Matter,
    library: Library,
    make_pair: MakePair,
    judge: Judge,
) -> Library:
    """Chan: one file twice, one overdue but held. Wong: two that were confirmed. Lee: nothing."""
    judge(reviewer, make_pair("wong-1", "wong-2"))
    library.files.update(attributes={"customer": "Wong 黃", "relationship_end": "2090-01-01"})
    for path, digest, customer, end in (
        ("chan-1.jpg", 1, "=Chan", "2090-01-01"),
        ("chan-2.jpg", 1, "=Chan", "2090-01-01"),
        ("old/chan-3.jpg", 2, "=Chan", "2001-01-01"),
        ("lee.jpg", 3, "Lee", "2090-01-01"),
        ("nobody-1.jpg", 4, "", "2090-01-01"),
        ("nobody-2.jpg", 4, "", "2001-01-01"),
    ):
        attributes = {"customer": customer, "relationship_end": end}
        make_file(library, path, bytes([digest]) * 32, attributes=attributes)
    make_scheme(library, record_class="customer-due-diligence", customer_attribute="customer")
    make_hold(officer, matter, library=library, folder="old")
    return library


def test_customers_whose_files_are_kept_twice_or_too_long(
    auditor: User, client_as: ClientAs, customers: Library
) -> None:
    page = client_as(auditor).get(reverse("review:personal_data"))

    assert [
        (row.name, row.files, row.copies, row.overdue, row.overdue_held, row.libraries)
        for row in page.context["rows"]
    ] == [
        ("=Chan", 3, 1, 1, 1, [customers.name]),
        ("Wong 黃", 2, 1, 0, 0, [customers.name]),
    ]


def test_their_files_are_exported(auditor: User, client_as: ClientAs, customers: Library) -> None:
    address = reverse("review:personal_data_export")
    table = text(client_as(auditor).post(address))

    name = customers.name
    assert table.splitlines()[1:] == [
        f"'=Chan,{name},chan-1.jpg,yes,no,no,2095-01-01",
        f"'=Chan,{name},chan-2.jpg,yes,no,no,2095-01-01",
        f"'=Chan,{name},old/chan-3.jpg,no,yes,yes,2006-01-01",
        f"Wong 黃,{name},wong-1.jpg,yes,no,no,2095-01-01",
        f"Wong 黃,{name},wong-2.jpg,yes,no,no,2095-01-01",
    ]
    event = AuditEvent.objects.get(action="export.personal_data")
    assert event.actor_id == auditor.pk


def test_customers_of_libraries_that_were_not_given_are_not_counted(
    client_as: ClientAs, customers: Library
) -> None:
    page = client_as(make_user("stranger", Role.AUDITOR)).get(reverse("review:personal_data"))

    assert page.context["rows"] == []
    assert page.context["libraries"] == []
    other = reverse("review:personal_data") + f"?library={customers.pk}&page=2"
    assert client_as(make_user("another", Role.AUDITOR)).get(other).context["rows"] == []


def test_a_hold_that_one_may_not_see_does_not_tell_of_copies_elsewhere(
    auditor: User, officer: User, matter: Matter, client_as: ClientAs, customers: Library
) -> None:
    attributes = {"customer": "Ho", "relationship_end": "2001-01-01"}
    make_file(customers, "ho.jpg", b"h" * 32, attributes=attributes)
    hidden = Library.objects.create(name="Hidden", kind="uploaded")
    make_file(hidden, "copy.jpg", b"h" * 32)
    make_hold(officer, matter, library=hidden)

    def held() -> tuple[int, str]:
        page = client_as(auditor).get(reverse("review:personal_data"))
        table = text(client_as(auditor).post(reverse("review:personal_data_export")))
        (overdue_held,) = (row.overdue_held for row in page.context["rows"] if row.name == "Ho")
        (line,) = (line for line in table.splitlines() if line.startswith("Ho,"))
        return overdue_held, line.split(",")[5]

    assert held() == (0, "no")
    LibraryAccess.objects.create(library=hidden, user=auditor)
    assert held() == (1, "yes")
