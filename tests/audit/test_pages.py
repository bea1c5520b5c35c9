"""The auditors' pages: works, signed out, wrong role, library not given."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from dedup_site.accounts.models import User
from dedup_site.audit import keyring, outside
from dedup_site.audit.models import AuditEvent, LogCheckpoint
from dedup_site.audit.paging import TooSlow
from dedup_site.audit.services import record
from scanning.models import Library
from scanning.views import audit
from tests.audit.logs import sequence_all
from tests.audit.tampering import tamper

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def other_library(db: None) -> Library:
    return Library.objects.create(name="Hospital", kind="uploaded")


@pytest.fixture
def events(admin: User, library: Library, other_library: Library) -> dict[str, AuditEvent]:
    def change(library: Library) -> AuditEvent:
        return record("library.changed", actor=admin, target=library, library_id=library.pk)

    return {
        "given": change(library),
        "not given": change(other_library),
        "of no library": record("account.created", actor=admin, target=admin),
    }


def test_auditors_read_what_belongs_to_their_libraries(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    page = client_as(auditor).get("/audit/").content.decode()
    assert "Land registry" in page
    assert "Account created" in page
    assert "Hospital" not in page


def test_those_who_see_all_libraries_read_everything(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    auditor.sees_all_libraries = True
    auditor.save()
    assert "Hospital" in client_as(auditor).get("/audit/").content.decode()


def test_filters_narrow_the_page(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    answer = client_as(auditor).get("/audit/", {"action": "account.created"})
    assert answer.context["page"].events == [events["of no library"]]


def test_a_wrong_filter_says_so_and_shows_nothing(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    answer = client_as(auditor).get("/audit/", {"person": "nobody"})
    assert "Nobody has this user name." in answer.content.decode()
    assert answer.context["page"].events == []


def test_a_search_that_takes_too_long_asks_for_a_time(
    client_as: SignIn, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page_of(*_args: object) -> None:
        raise TooSlow

    monkeypatch.setattr(audit, "page_of", page_of)
    page = client_as(auditor).get("/audit/", {"text": "土地"}).content.decode()
    assert "This search takes too long." in page


def test_an_event_shows_its_exact_body(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    answer = client_as(auditor).get(f"/audit/{events['given'].pk}/")
    assert events["given"].body.replace('"', "&quot;") in answer.content.decode()
    assert "Unchanged" in answer.content.decode()


def test_an_event_that_was_changed_says_so(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    tamper(events["given"], "detail", '{"actor": "somebody else"}')
    page = client_as(auditor).get(f"/audit/{events['given'].pk}/").content.decode()
    assert "This event is not as it was recorded." in page


def test_an_event_of_another_library_is_not_there(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    answer = client_as(auditor).get(f"/audit/{events['not given'].pk}/")
    assert answer.status_code == 404
    assert "Hospital" not in answer.content.decode()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_has_what_the_page_has(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent], form: str
) -> None:
    answer = client_as(auditor).post("/audit/export/", {"form": form, "action": "library.changed"})
    assert answer.streaming
    text = answer.getvalue().decode()
    assert str(events["given"].uuid) in text
    assert str(events["not given"].uuid) not in text
    assert str(events["of no library"].uuid) not in text
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-log-')
    assert AuditEvent.objects.filter(action="export.audit", actor_id=auditor.pk).count() == 1


@pytest.mark.parametrize("sent", [{"form": "pdf"}, {}, {"form": "csv", "person": "nobody"}])
def test_an_export_that_makes_no_sense_leads_back(
    client_as: SignIn, auditor: User, sent: dict[str, str]
) -> None:
    answer = client_as(auditor).post("/audit/export/", sent)
    assert answer.headers["Location"] == "/audit/"
    assert not AuditEvent.objects.filter(action="export.audit").exists()


def test_reading_the_export_address_exports_nothing(client_as: SignIn, auditor: User) -> None:
    assert client_as(auditor).get("/audit/export/").status_code == 405


def test_the_page_tells_how_the_log_stands(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    client = client_as(auditor)
    page = client.get("/audit/").content.decode()
    assert "None yet" in page
    assert "4 events" in page  # the fourth: the auditor signed in
    sequence_all()
    newest = LogCheckpoint.objects.get()
    page = client.get("/audit/").content.decode()
    assert escape(newest.root_text) in page
    assert escape(newest.origin) in page
    assert "0 events" in page
    assert "In order" in page
    assert "Nowhere: whoever runs the database could take the log back unseen." in page


def test_the_page_tells_why_nothing_is_signed(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    sequence_all()
    outside.path().unlink()
    sequence_all()
    page = client_as(auditor).get("/audit/").content.decode()
    assert "The audit log is not signed." in page
    assert "The copy of the last checkpoint is missing outside of the database" in page
    assert "Needs attention" in page


def test_the_page_tells_that_events_wait_too_long(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent], settings: Any
) -> None:
    settings.AUDIT_LAG_SECONDS = -1
    page = client_as(auditor).get("/audit/").content.decode()
    assert "Events wait for their place in the log." in page


def test_an_event_tells_its_place(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    address = f"/audit/{events['given'].pk}/"
    assert "Not yet" in client_as(auditor).get(address).content.decode()
    sequence_all()
    assert client_as(auditor).get(address).context["place"] == 0


def test_checkpoint_and_keys_are_files_to_keep(
    client_as: SignIn, auditor: User, events: dict[str, AuditEvent]
) -> None:
    client = client_as(auditor)
    assert client.get("/audit/checkpoint/").status_code == 404
    assert client.get("/audit/keys/").content == b""
    sequence_all()
    answer = client.get("/audit/checkpoint/")
    assert answer.content.decode() == LogCheckpoint.objects.get().note
    assert answer.headers["Content-Disposition"] == 'attachment; filename="checkpoint-4.txt"'
    assert client.get("/audit/keys/").content.decode() == f"{keyring.load().key}\n"


@pytest.mark.parametrize("address", ["/audit/", "/audit/1/", "/audit/checkpoint/", "/audit/keys/"])
def test_signed_out_people_sign_in_first(client: Client, address: str) -> None:
    assert client.get(address).headers["Location"] == f"/sign-in/?next={address}"


def test_signed_out_people_export_nothing(client: Client) -> None:
    answer = client.post("/audit/export/", {"form": "csv"})
    assert answer.headers["Location"] == "/sign-in/?next=/audit/export/"


@pytest.mark.parametrize("role", ["reviewer", "admin", "officer"])
def test_other_roles_may_not(
    request: pytest.FixtureRequest, client_as: SignIn, events: dict[str, AuditEvent], role: str
) -> None:
    client = client_as(request.getfixturevalue(role))
    assert client.get("/audit/").status_code == 403
    assert client.get(f"/audit/{events['given'].pk}/").status_code == 403
    assert client.post("/audit/export/", {"form": "csv"}).status_code == 403
    assert client.get("/audit/checkpoint/").status_code == 403
    assert client.get("/audit/keys/").status_code == 403
