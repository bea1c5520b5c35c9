"""The buttons of a plan's page: carrying out, restoring, certificates, the to-do list."""

import base64
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.audit.proofs import leaf_hash, root_of_inclusion
from dedup_site.database_roles import DatabaseRole
from review.actions import execution
from review.models import ActionPlan, Certificate, Matter
from review.tasks import carry_out_plan, restore_file
from scanning.models import Library, SourceFile
from tests.audit.logs import sequence_all
from tests.databases import acting_as
from tests.review.actions.at_work import files_in, item_at, states
from tests.review.plans import approved_plan, free_to_act, may_act
from tests.review.records import make_hold

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]


@pytest.fixture
def narrow() -> Iterator[None]:
    """As the program runs: its database role may not change history."""
    with acting_as(DatabaseRole.APPLICATION):
        yield


@pytest.fixture
def approved(admin: User, officer: User, duplicates: Library) -> ActionPlan:
    free_to_act(duplicates, officer, cooling_off_days=1)
    return approved_plan(admin, officer, duplicates)


def carried_out(plan: ActionPlan) -> ActionPlan:
    ActionPlan.objects.filter(pk=plan.pk).update(state="executing")
    execution.carry_out(plan.pk)
    return plan


def test_the_plan_is_carried_out(
    client_as: ClientAs, officer: User, approved: ActionPlan, narrow: None
) -> None:
    client = client_as(officer)
    page = client.get(reverse("review:plan", args=[approved.pk])).content.decode()
    assert "Carry it out" in page
    answer = client.post(reverse("review:plan_start", args=[approved.pk]), follow=True)
    assert "Begun." in answer.content.decode()
    approved.refresh_from_db()
    assert approved.state == "executing"
    carry_out_plan(approved.pk)
    page = client.get(reverse("review:plan", args=[approved.pk])).content.decode()
    assert page.count("Restore</button>") == 2
    assert page.count("Certificate: Moved into quarantine") == 2
    item = item_at(approved, "copies/0.jpg")
    answer = client.post(reverse("review:plan_restore", args=[item.pk]), follow=True)
    assert "being restored" in answer.content.decode()
    restore_file(item.pk)
    assert states(approved)["copies/0.jpg"] == ("restored", "")
    assert files_in(approved.library.root)["copies/0.jpg"] == b"copy 0"


def test_a_program_that_may_too_much_touches_no_file(
    client_as: ClientAs, officer: User, approved: ActionPlan
) -> None:
    """The tests' own role is a superuser."""
    answer = client_as(officer).post(reverse("review:plan_start", args=[approved.pk]), follow=True)
    assert "No file is touched" in answer.content.decode()
    ActionPlan.objects.filter(pk=approved.pk).update(state="executing")
    before = files_in(approved.library.root)
    carry_out_plan(approved.pk)
    assert files_in(approved.library.root) == before


def test_what_changed_makes_it_void(
    client_as: ClientAs, officer: User, approved: ActionPlan, matter: Matter, narrow: None
) -> None:
    make_hold(officer, matter, source_file=SourceFile.objects.get(path="keep/0.jpg"))
    answer = client_as(officer).post(reverse("review:plan_start", args=[approved.pk]), follow=True)
    assert "The plan is void" in answer.content.decode()
    approved.refresh_from_db()
    assert approved.state == "void"


def test_a_certificate_proves_itself(
    client_as: ClientAs, auditor: User, approved: ActionPlan
) -> None:
    plan = carried_out(approved)
    certificate = item_at(plan, "copies/0.jpg").certificates.get()
    address = reverse("review:plan_proof", args=[certificate.pk])
    waiting = client_as(auditor).get(address).json()
    assert waiting["log"]["index"] is None
    sequence_all()
    found = client_as(auditor).get(address).json()
    assert hashlib.sha256(found["body"].encode()).hexdigest() == found["sha256"]
    event = json.loads(found["log"]["event_body"])
    assert event["data"]["certificate_sha256"] == found["sha256"]
    _origin, size, root = found["log"]["checkpoint"].split("\n")[:3]
    proof = [base64.b64decode(node) for node in found["log"]["proof"]]
    leaf = leaf_hash(found["log"]["event_body"].encode())
    assert root_of_inclusion(found["log"]["index"], int(size), leaf, proof) == base64.b64decode(
        root
    )


def test_what_a_certificate_says(approved: ActionPlan, admin: User, officer: User) -> None:
    plan = carried_out(approved)
    item = item_at(plan, "copies/0.jpg")
    said = json.loads(bytes(item.certificates.get().body))
    assert said["kind"] == "quarantined"
    assert said["number"] == f"{plan.pk}/{item.pk}"
    assert said["made_by"] == {"id": admin.pk, "name": "admin"}
    assert said["approved_by"] == {"id": officer.pk, "name": "officer"}
    assert said["plan"]["digest"] == plan.digest
    assert said["file"]["path"] == "copies/0.jpg"
    assert said["file"]["sha256"] == hashlib.sha256(b"copy 0").hexdigest()
    assert said["keeper"]["path"] == "keep/0.jpg"
    assert [step["step"] for step in said["steps"]] == ["move", "move", "quarantined"]


def test_a_to_do_list(client_as: ClientAs, admin: User, officer: User, duplicates: Library) -> None:
    free_to_act(duplicates, officer)
    may_act(duplicates, officer, may_act=False)
    before = files_in(duplicates.root)
    plan = carried_out(approved_plan(admin, officer, duplicates, "to_do"))
    assert files_in(duplicates.root) == before
    assert set(states(plan).values()) == {("skipped", "to_do")}
    certificate = Certificate.objects.get(kind="to_do")
    answer = client_as(officer).get(reverse("review:plan_to_do", args=[certificate.pk]))
    text = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["file"], row["keep"]) for row in rows] == [
        ("copies/0.jpg", "keep/0.jpg"),
        ("copies/1.jpg", "keep/1.jpg"),
    ]
    assert rows[0]["sha256"] == hashlib.sha256(b"copy 0").hexdigest()
    assert {row["certificate_sha256"] for row in rows} == {certificate.sha256}


@pytest.mark.parametrize(
    ("name", "method", "allowed"),
    [
        ("plan_start", "POST", {"admin", "officer"}),
        ("plan_restore", "POST", {"admin", "officer"}),
        ("plan_proof", "GET", {"admin", "officer", "auditor"}),
        ("plan_to_do", "GET", {"admin", "officer", "auditor"}),
    ],
)
def test_who_opens_what(
    client_as: ClientAs,
    admin: User,
    officer: User,
    auditor: User,
    reviewer: User,
    approved: ActionPlan,
    name: str,
    method: str,
    allowed: set[str],
) -> None:
    item = item_at(approved, "copies/0.jpg")
    paper = Certificate.objects.create(
        plan=approved, kind="to_do", body=b'{"items":[],"plan":{}}', sha256="0" * 64
    )
    pk = {"plan_start": approved.pk, "plan_restore": item.pk}.get(name, paper.pk)
    address = reverse(f"review:{name}", args=[pk])
    signed_out = Client().generic(method, address)
    assert signed_out.status_code == 302
    assert signed_out.headers["Location"].startswith(reverse("accounts:sign_in"))
    for user in (admin, officer, auditor, reviewer):
        answer = client_as(user).generic(method, address)
        expected = {"GET": 200, "POST": 302}[method] if user.username in allowed else 403
        assert (user.username, answer.status_code) == (user.username, expected)
    officer.accesses.all().delete()
    assert client_as(officer).generic(method, address).status_code == 404
