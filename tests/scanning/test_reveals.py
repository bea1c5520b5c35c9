"""Sensitive pictures: a blur until somebody reveals them, for a purpose, for a while."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from scanning.models import Library, LibraryAccess, Picture, Reveal
from scanning.services import reveals
from tests.scanning.test_pictures import add, part_url, url

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
REVEAL = "/pictures/reveal/"


@pytest.fixture
def sensitive(library: Library) -> Library:
    library.is_sensitive = True
    library.save()
    return library


@pytest.fixture
def picture(sensitive: Library) -> Picture:
    """Red on its left half, blue on its right one."""
    image = Image.new("RGB", (1000, 500), "red")
    image.paste("blue", (500, 0, 1000, 500))
    file = io.BytesIO()
    image.save(file, "PNG")
    return add(sensitive, file.getvalue())


@pytest.fixture
def second(sensitive: Library) -> Picture:
    file = io.BytesIO()
    Image.new("RGB", (300, 300), "green").save(file, "PNG")
    return add(sensitive, file.getvalue(), "second.png")


def size(client: Client, picture: Picture, name: str = "view") -> tuple[int, int]:
    answer = client.get(url(picture, name))
    assert answer.headers["Cache-Control"] == "no-store"
    return Image.open(io.BytesIO(answer.content)).size


def datas(action: str) -> list[dict[str, Any]]:
    events = AuditEvent.objects.filter(action=action).order_by("pk")
    return [json.loads(event.body)["data"] for event in events]


def end_all() -> None:
    """As if the time of every reveal had passed."""
    Reveal.objects.update(until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("name", ["thumb", "view", "full"])
def test_the_browser_gets_a_few_pixels_and_the_log_nothing(
    reviewer: User, client_as: ClientAs, picture: Picture, name: str, data_dir: Path
) -> None:
    client = client_as(reviewer)

    assert size(client, picture, name) == (12, 6)
    assert size(client, picture, name) == (12, 6)

    assert datas("picture.viewed") == []
    kept = [path.name for path in (data_dir / "renditions").rglob("*.jpg")]
    assert kept == [f"{picture.digest}-0-blurred-1.jpg"]


def test_no_part_of_it_is_given_out(reviewer: User, client_as: ClientAs, picture: Picture) -> None:
    answer = client_as(reviewer).get(part_url(picture, 0, 0, 10, 10))

    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "image/svg+xml")
    assert "This picture is sensitive." in answer.content.decode()


def test_revealed_it_is_sharp_and_each_view_tells_the_purpose(
    reviewer: User, client_as: ClientAs, picture: Picture, sensitive: Library
) -> None:
    client = client_as(reviewer)

    answer = client.post(
        REVEAL, {"picture": picture.pk, "purpose": "matter", "note": "M 7"}, headers={"X-Desk": "1"}
    )

    assert answer.json() == {"message": "Revealed. The purpose is in the audit log."}
    assert size(client, picture) == (1000, 500)
    assert size(client, picture, "thumb") == (320, 160)
    assert datas("picture.revealed") == [
        {
            "picture": picture.pk,
            "sha256": picture.digest,
            "purpose": "matter",
            "seconds": 900,
        }
    ]
    assert [(data["size"], data["purpose"]) for data in datas("picture.viewed")] == [
        ("view", "matter"),
        ("thumb", "matter"),
    ]
    event = AuditEvent.objects.get(action="picture.revealed")
    assert (event.actor_id, event.library_id, event.detail["note"]) == (
        reviewer.pk,
        sensitive.pk,
        "M 7",
    )


def test_the_purpose_is_asked_once_and_the_next_picture_is_one_key(
    reviewer: User, client_as: ClientAs, picture: Picture, second: Picture
) -> None:
    client = client_as(reviewer)
    client.post(REVEAL, {"picture": picture.pk, "purpose": "other", "note": "Training"})

    answer = client.post(REVEAL, {"picture": second.pk}, headers={"X-Desk": "1"})

    assert answer.status_code == 200
    assert size(client, second) == (300, 300)
    assert [data["purpose"] for data in datas("picture.revealed")] == ["other", "other"]
    assert Reveal.objects.get(picture=second).note == "Training"


def test_after_its_time_it_is_a_blur_again_and_the_purpose_is_asked_again(
    reviewer: User, client_as: ClientAs, picture: Picture, second: Picture
) -> None:
    client = client_as(reviewer)
    client.post(REVEAL, {"picture": picture.pk, "purpose": "judging"})
    end_all()

    assert size(client, picture) == (12, 6)
    answer = client.post(REVEAL, {"picture": second.pk}, headers={"X-Desk": "1"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "Say why you need to see these pictures."},
    )


def test_it_ends_with_the_session(reviewer: User, client_as: ClientAs, picture: Picture) -> None:
    client = client_as(reviewer)
    client.post(REVEAL, {"picture": picture.pk, "purpose": "judging"})
    elsewhere = client_as(reviewer)

    assert size(elsewhere, picture) == (12, 6)
    client.post(reverse("accounts:sign_out"))
    client.force_login(reviewer)
    assert size(client, picture) == (12, 6)


def test_it_ends_when_the_library_is_taken_back(
    reviewer: User, client_as: ClientAs, picture: Picture, sensitive: Library
) -> None:
    client = client_as(reviewer)
    client.post(REVEAL, {"picture": picture.pk, "purpose": "judging"})
    reviewer.sees_all_libraries = True
    reviewer.save()
    LibraryAccess.objects.filter(user=reviewer, library=sensitive).delete()

    assert size(client, picture) == (12, 6)


def test_to_see_all_libraries_is_not_enough(
    outsider: User, client_as: ClientAs, picture: Picture, sensitive: Library
) -> None:
    outsider.sees_all_libraries = True
    outsider.save()
    client = client_as(outsider)
    wanted = {"picture": picture.pk, "purpose": "inspection"}

    answer = client.post(REVEAL, wanted, headers={"X-Desk": "1"})
    assert answer.status_code == 403
    assert "given their library by name" in answer.json()["message"]
    assert size(client, picture) == (12, 6)
    assert datas("picture.revealed") == []

    LibraryAccess.objects.create(user=outsider, library=sensitive)
    assert client.post(REVEAL, wanted, headers={"X-Desk": "1"}).status_code == 200
    assert size(client, picture) == (1000, 500)


def test_of_two_sensitive_libraries_the_one_that_was_given_counts(
    reviewer: User, client_as: ClientAs, picture: Picture, sensitive: Library, tmp_path: Path
) -> None:
    reviewer.sees_all_libraries = True
    reviewer.save()
    root = tmp_path / "other"
    root.mkdir()
    other = Library.objects.create(
        name="Radiology", kind="mounted", root=str(root), is_sensitive=True
    )
    add(other, (Path(sensitive.root) / "photo.png").read_bytes())
    client = client_as(reviewer)
    client.post(REVEAL, {"picture": picture.pk, "purpose": "judging"})

    assert size(client, picture) == (1000, 500)
    event = AuditEvent.objects.get(action="picture.viewed")
    assert event.library_id == sensitive.pk


def test_a_picture_that_is_not_sensitive_needs_no_reveal(
    reviewer: User, library: Library, client_as: ClientAs, picture: Picture
) -> None:
    library.is_sensitive = False
    library.save()

    made = reveals.reveal(actor=reviewer, session="s", pictures=[picture], purpose="judging")

    assert made == []
    assert datas("picture.revealed") == []


@pytest.mark.parametrize(
    ("purpose", "note", "message"),
    [
        ("", "", "Say why you need to see these pictures."),
        ("curiosity", "", "Choose a purpose of the list."),
        ("other", "", "Write down which other purpose it is."),
        ("judging", "x" * 501, "The note is longer than 500 characters. Shorten it."),
    ],
)
def test_refused_purposes(
    reviewer: User, picture: Picture, purpose: str, note: str, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        reveals.reveal(actor=reviewer, session="s", pictures=[picture], purpose=purpose, note=note)

    assert refused.value.messages == [message]
    assert Reveal.objects.count() == 0


def test_what_a_page_is_told(
    reviewer: User, outsider: User, picture: Picture, second: Picture
) -> None:
    outsider.sees_all_libraries = True
    both = [picture, second]

    before = reveals.concealed(user=reviewer, session="s", pictures=both)
    reveals.reveal(actor=reviewer, session="s", pictures=[picture], purpose="judging")
    after = reveals.concealed(user=reviewer, session="s", pictures=both)
    others = reveals.concealed(user=outsider, session="s", pictures=both)

    ids = frozenset({picture.pk, second.pk})
    assert before == reveals.Concealed(ids, tuple(sorted(ids)), needs_purpose=True)
    assert after == reveals.Concealed(frozenset({second.pk}), (second.pk,), needs_purpose=False)
    assert others == reveals.Concealed(ids, (), needs_purpose=False)


def test_one_refused_picture_refuses_them_all(
    outsider: User, picture: Picture, library: Library, tmp_path: Path
) -> None:
    outsider.sees_all_libraries = True
    outsider.save()
    root = tmp_path / "mine"
    root.mkdir()
    mine = Library.objects.create(name="Mine", kind="mounted", root=str(root), is_sensitive=True)
    LibraryAccess.objects.create(library=mine, user=outsider)
    file = io.BytesIO()
    Image.new("RGB", (50, 50)).save(file, "PNG")
    allowed = add(mine, file.getvalue())

    with pytest.raises(PermissionDenied):
        reveals.reveal(actor=outsider, session="s", pictures=[allowed, picture], purpose="judging")
    assert Reveal.objects.count() == 0


def test_without_scripts_the_form_leads_back_to_its_page(
    reviewer: User, client_as: ClientAs, picture: Picture
) -> None:
    client = client_as(reviewer)

    good = client.post(
        REVEAL, {"picture": picture.pk, "purpose": "judging", "back": "/review/history/"}
    )
    elsewhere = client.post(REVEAL, {"picture": picture.pk, "back": "https://example.org/"})
    refused = client.post(
        REVEAL, {"picture": picture.pk, "purpose": "other", "back": "/review/history/"}, follow=True
    )

    assert (good.status_code, good.headers["Location"]) == (302, "/review/history/")
    assert elsewhere.headers["Location"] == "/"
    assert "Write down which other purpose it is." in refused.content.decode()


def test_signed_out_wrong_role_and_library_not_given(
    outsider: User, client: Client, client_as: ClientAs, picture: Picture
) -> None:
    wanted = {"picture": picture.pk, "purpose": "judging"}
    nobody = client_as(User.objects.create_user("nobody"))

    assert client.post(REVEAL, wanted).status_code == 302
    assert nobody.post(REVEAL, wanted).status_code == 403
    answer = client_as(outsider).post(REVEAL, wanted, headers={"X-Desk": "1"})
    assert answer.status_code == 400  # the picture is not one of those to choose from
    assert client_as(outsider).get(REVEAL).status_code == 405
    assert Reveal.objects.count() == 0
