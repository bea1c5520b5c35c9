"""The page on which auditors download the signed bundle of decisions."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit import verifier
from dedup_site.audit.models import AuditEvent
from review.models import Decision, Matter
from scanning.models import Library, SourceFile
from tests.audit.logs import sequence_all
from tests.conftest import MakePair
from tests.review.bundles import decide

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
ADDRESS = "/review/history/export/"


def downloaded(client: Client, **filled_in: Any) -> zipfile.ZipFile:
    answer = client.post(reverse("review:decision_export"), filled_in)
    assert answer.headers["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def lines(bundle: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bundle.read(name).decode().splitlines()]


def ids(bundle: zipfile.ZipFile) -> list[int]:
    return [line["id"] for line in lines(bundle, "decisions.jsonl")]


def status_of(bundle: zipfile.ZipFile, folder: Path) -> int:
    bundle.extractall(folder)
    return verifier.main([str(folder)])


def test_an_auditor_of_everything_gets_the_whole_log(
    log: list[Decision], auditor: User, client_as: ClientAs, tmp_path: Path, data_dir: Path
) -> None:
    auditor.sees_all_libraries = True
    auditor.save()

    bundle = downloaded(client_as(auditor))

    assert ids(bundle) == [decision.pk for decision in log]
    assert json.loads(bundle.read("manifest.json"))["whole"] is True
    assert status_of(bundle, tmp_path / "b") == 0
    event = AuditEvent.objects.get(action="export.decisions")
    assert event.actor_id == auditor.pk
    assert list((data_dir / "exports").iterdir()) == []


def test_filters_narrow_it(
    log: list[Decision], auditor: User, library: Library, client_as: ClientAs, tmp_path: Path
) -> None:
    client = client_as(auditor)
    matter = Matter.objects.get(reference="HCA 1/2026")

    everything = [decision.pk for decision in log]
    assert ids(downloaded(client, library=library.pk, person="reviewer")) == everything
    assert ids(downloaded(client, person="auditor")) == []
    assert ids(downloaded(client, until="2001-01-01")) == []
    assert ids(downloaded(client, since="2001-01-01", until="2998-12-31")) == everything
    bundle = downloaded(client, matter=matter.pk)
    assert ids(bundle) == [log[3].pk]
    assert status_of(bundle, tmp_path / "b") == 0


def test_a_confidential_matter_stays_closed(
    auditor: User,
    officer: User,
    reviewer: User,
    make_pair: MakePair,
    client_as: ClientAs,
    tmp_path: Path,
) -> None:
    """Neither its name nor the note of the verdict that held pictures under it."""
    matter = Matter.objects.create(
        reference="SECRET 9", title="Whistle", is_confidential=True, opened_by=officer
    )
    matter.readers.add(officer, reviewer)
    answer = {"verdict": "legal_hold", "reason": "litigation", "note": "the whistle-blower"}
    decide(reviewer, make_pair(), matter=matter, **answer)
    sequence_all()
    client = client_as(auditor)

    bundle = downloaded(client)
    text = b"".join(bundle.read(name) for name in bundle.namelist()).decode(errors="replace")
    refused = client.post(ADDRESS, {"matter": matter.pk})

    assert [line["note"] for line in lines(bundle, "decisions.jsonl")] == [""]
    assert "SECRET 9" not in text
    assert "whistle-blower" not in text
    assert status_of(bundle, tmp_path / "closed") == 0
    assert refused.status_code == 400
    assert "SECRET 9" not in client.get(ADDRESS).content.decode()

    matter.readers.add(auditor)
    assert lines(downloaded(client), "decisions.jsonl")[0]["note"] == "the whistle-blower"


def test_evidence_that_names_another_library_is_left_out(
    auditor: User, reviewer: User, make_pair: MakePair, client_as: ClientAs
) -> None:
    other = Library.objects.create(name="Hospital", kind="uploaded")
    pair = make_pair()
    SourceFile.objects.create(
        library=other,
        path="elsewhere.jpg",
        path_key=b"x" * 32,
        size=1,
        modified_ns=1,
        sha256=pair.left.sha256,
        state=SourceFile.State.READ,
    )
    reviewer.sees_all_libraries = True
    reviewer.save()
    answer = {"verdict": "duplicate", "reason": "same_picture"}
    decide(reviewer, pair, **answer)
    seen = decide(reviewer, make_pair("c", "d"), **answer)
    sequence_all()

    assert ids(downloaded(client_as(auditor))) == [seen.pk]


def test_the_page_is_linked_for_auditors(
    auditor: User, reviewer: User, client_as: ClientAs
) -> None:
    client = client_as(auditor)

    page = client.get(ADDRESS)

    assert page.status_code == 200
    assert "python verifier.py bundle.zip --keys keys.txt" in page.content.decode()
    for name in ("review:history", "audit:events"):
        assert f'href="{ADDRESS}"' in client.get(reverse(name)).content.decode()
    assert ADDRESS not in client_as(reviewer).get(reverse("review:history")).content.decode()


def test_signed_out_and_wrong_role(
    client: Client, reviewer: User, admin: User, officer: User, client_as: ClientAs
) -> None:
    for method in ("get", "post"):
        assert getattr(client, method)(ADDRESS).status_code == 302
        for user in (reviewer, admin, officer):
            assert getattr(client_as(user), method)(ADDRESS).status_code == 403
    assert not AuditEvent.objects.filter(action="export.decisions").exists()


def test_a_library_not_given_is_not_there(
    log: list[Decision], auditor: User, client_as: ClientAs
) -> None:
    other = Library.objects.create(name="Hospital", kind="uploaded")
    client = client_as(auditor)

    for number in (other.pk, other.pk + 1000):
        answer = client.post(ADDRESS, {"library": number})
        assert answer.status_code == 400
    assert "Hospital" not in client.get(ADDRESS).content.decode()
    auditor.accesses.all().delete()
    assert ids(downloaded(client)) == []


@pytest.mark.parametrize(
    "filled_in", [{"person": "nobody"}, {"since": "soon"}, {"until": "9999-12-31"}]
)
def test_a_wrong_filter_says_so(
    auditor: User, client_as: ClientAs, filled_in: dict[str, str]
) -> None:
    answer = client_as(auditor).post(ADDRESS, filled_in)

    assert answer.status_code == 400
    assert "There is a problem" in answer.content.decode()


def test_who_judges_does_not_read_open_second_reviews(auditor: User, client_as: ClientAs) -> None:
    auditor.groups.add(Group.objects.get(name=Role.REVIEWER.value))

    assert client_as(auditor).post(ADDRESS).status_code == 400
