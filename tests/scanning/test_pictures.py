"""Pictures as the browser gets them: rendered, kept, and logged where they are sensitive."""

import hashlib
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from PIL import Image

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from scanning.models import Library, LibraryAccess, Picture, SourceFile
from scanning.services import renditions
from scanning.services.renditions import Size, rendition, source_of
from scanning.views.pictures import _placeholder

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def add(library: Library, content: bytes, name: str = "photo.png", **fields: Any) -> Picture:
    """A file with this content in the library, and its picture."""
    (Path(library.root) / name).write_bytes(content)
    digest = hashlib.sha256(content).digest()
    SourceFile.objects.create(
        library=library,
        path_key=hashlib.sha256(name.encode()).digest(),
        path=name,
        size=len(content),
        modified_ns=0,
        sha256=digest,
        state=SourceFile.State.READ,
        **fields,
    )
    picture, _created = Picture.objects.get_or_create(
        sha256=digest,
        page=0,
        defaults={
            "byte_size": len(content),
            "format": "PNG",
            "mode": "RGB",
            "width": 1000,
            "height": 500,
        },
    )
    return picture


@pytest.fixture
def content() -> bytes:
    """A PNG of 1000 × 500 pixels: red on the left, blue on the right."""
    image = Image.new("RGB", (1000, 500), "red")
    image.paste("blue", (500, 0, 1000, 500))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def picture(library: Library, content: bytes) -> Picture:
    return add(library, content)


@pytest.fixture
def sensitive(tmp_path: Path, reviewer: User, content: bytes) -> Library:
    """A sensitive library of the reviewer that holds the same picture."""
    root = tmp_path / "sensitive"
    root.mkdir()
    library = Library.objects.create(
        name="Radiology", kind="mounted", root=str(root), is_sensitive=True
    )
    LibraryAccess.objects.create(library=library, user=reviewer)
    add(library, content, "scan.png")
    return library


def url(picture: Picture, size: str = "thumb") -> str:
    return reverse("pictures:show", args=[picture.pk, size])


def kept(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "renditions").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("size", "edge"), [("thumb", 320), ("view", 1000), ("full", 1000)])
def test_shows_the_picture_in_the_size_asked_for(
    reviewer: User, client_as: ClientAs, picture: Picture, size: str, edge: int
) -> None:
    answer = client_as(reviewer).get(url(picture, size))

    shown = Image.open(io.BytesIO(answer.content))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert shown.size == (edge, edge // 2)
    red, green, blue = shown.convert("RGB").getpixel((5, 5))  # type: ignore[misc]  # RGB is 3
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


def test_a_rendition_is_made_once(
    reviewer: User, client_as: ClientAs, library: Library, picture: Picture, data_dir: Path
) -> None:
    client = client_as(reviewer)
    first = client.get(url(picture)).content
    (Path(library.root) / "photo.png").unlink()

    assert client.get(url(picture)).content == first
    assert [path.name for path in kept(data_dir)] == [f"{picture.digest}-0-thumb-1.jpg"]
    assert kept(data_dir)[0].parent.name == picture.digest[:2]


def test_the_browser_need_not_fetch_it_again(
    reviewer: User, client_as: ClientAs, picture: Picture
) -> None:
    client = client_as(reviewer)
    tag = client.get(url(picture)).headers["ETag"]

    again = client.get(url(picture), headers={"If-None-Match": tag})
    other = client.get(url(picture, "view"), headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "private, max-age=3600"
    assert other.status_code == 200


def test_a_picture_of_a_sensitive_library_is_logged_each_time_and_never_kept(
    reviewer: User, client_as: ClientAs, sensitive: Library, data_dir: Path
) -> None:
    picture = Picture.objects.get()
    client = client_as(reviewer)
    client.post(reverse("pictures:reveal"), {"picture": picture.pk, "purpose": "judging"})

    first = client.get(url(picture))
    client.get(url(picture), headers={"If-None-Match": '"anything"'})

    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers
    assert kept(data_dir) == []
    events = AuditEvent.objects.filter(action="picture.viewed")
    assert [(event.actor_id, event.library_id, event.target_id) for event in events] == [
        (reviewer.pk, sensitive.pk, str(picture.pk))
    ] * 2
    assert events[0].detail["path"] == "scan.png"


def test_a_picture_that_also_lies_in_a_sensitive_library_is_sensitive(
    reviewer: User, officer: User, client_as: ClientAs, picture: Picture, sensitive: Library
) -> None:
    assert client_as(reviewer).get(url(picture)).headers["Cache-Control"] == "no-store"
    # The officer was not given that library and must not learn of it.
    assert "max-age" in client_as(officer).get(url(picture)).headers["Cache-Control"]


def test_signed_out_wrong_role_and_library_not_given(
    outsider: User, client: Client, client_as: ClientAs, picture: Picture
) -> None:
    assert client.get(url(picture)).status_code == 302
    assert client_as(User.objects.create_user("nobody")).get(url(picture)).status_code == 403
    assert client_as(outsider).get(url(picture)).status_code == 404
    assert client_as(outsider).post(url(picture)).status_code == 405


def test_a_size_that_does_not_exist_is_not_there(
    reviewer: User, client_as: ClientAs, picture: Picture
) -> None:
    address = url(picture).replace("thumb", "huge")

    assert client_as(reviewer).get(address).status_code == 404


def part_url(picture: Picture, left: int, top: int, width: int, height: int) -> str:
    return reverse("pictures:part", args=[picture.pk, left, top, width, height])


def test_a_part_is_shown_pixel_by_pixel_and_only_the_browser_keeps_it(
    reviewer: User, client_as: ClientAs, picture: Picture, data_dir: Path
) -> None:
    client = client_as(reviewer)

    answer = client.get(part_url(picture, 490, 400, 20, 2048))
    again = client.get(
        part_url(picture, 490, 400, 20, 2048), headers={"If-None-Match": answer.headers["ETag"]}
    )

    shown = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert (answer.status_code, shown.size) == (200, (20, 100))
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    red, _green, blue = shown.getpixel((2, 50))  # type: ignore[misc]  # RGB is 3
    assert (red > 240, blue < 15) == (True, True)
    red, _green, blue = shown.getpixel((17, 50))  # type: ignore[misc]  # RGB is 3
    assert (red < 15, blue > 240) == (True, True)
    assert again.status_code == 304
    assert kept(data_dir) == []


def test_a_part_of_a_sensitive_picture_is_logged_with_its_place(
    reviewer: User, client_as: ClientAs, sensitive: Library
) -> None:
    picture = Picture.objects.get()
    client = client_as(reviewer)
    client.post(reverse("pictures:reveal"), {"picture": picture.pk, "purpose": "judging"})

    answer = client.get(part_url(picture, 0, 0, 10, 10))

    assert answer.headers["Cache-Control"] == "no-store"
    event = AuditEvent.objects.get(action="picture.viewed")
    data = json.loads(event.body)["data"]
    assert (data["size"], data["part"], data["purpose"]) == ("part", [0, 0, 10, 10], "judging")
    assert (event.actor_id, event.library_id) == (reviewer.pk, sensitive.pk)


def test_parts_outside_the_picture_or_too_large(
    reviewer: User, client_as: ClientAs, picture: Picture
) -> None:
    client = client_as(reviewer)

    outside = [client.get(part_url(picture, *box)) for box in ((1000, 0, 9, 9), (0, 500, 9, 9))]
    assert [answer.status_code for answer in outside] == [404, 404]
    assert "outside the picture" in outside[0].content.decode()
    assert client.get(part_url(picture, 0, 0, 2049, 10)).status_code == 400
    assert client.get(part_url(picture, 0, 0, 10, 0)).status_code == 400
    assert client.get(part_url(picture, 0, 0, 5, 5).replace("0-0", "-1-0")).status_code == 404


def test_parts_signed_out_wrong_role_and_library_not_given(
    outsider: User, client: Client, client_as: ClientAs, picture: Picture
) -> None:
    address = part_url(picture, 0, 0, 10, 10)
    assert client.get(address).status_code == 302
    assert client_as(User.objects.create_user("nobody")).get(address).status_code == 403
    assert client_as(outsider).get(address).status_code == 404
    assert client_as(outsider).post(address).status_code == 405


def placeholder(client: Client, picture: Picture) -> tuple[int, str]:
    answer = client.get(url(picture))
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.content.decode()


def test_a_broken_file_is_a_picture_that_says_so(
    reviewer: User, client_as: ClientAs, library: Library, data_dir: Path
) -> None:
    picture = add(library, b"this is no picture", "broken.png")

    status, text = placeholder(client_as(reviewer), picture)

    assert status == 422
    assert "This file can" in text
    assert kept(data_dir) == []


def test_a_file_that_cannot_be_opened_is_a_picture_that_says_so(
    reviewer: User, client_as: ClientAs, library: Library, picture: Picture
) -> None:
    (Path(library.root) / "photo.png").unlink()

    status, text = placeholder(client_as(reviewer), picture)

    assert status == 404
    assert "The file cannot be opened." in text
    assert library.root not in text


def test_a_file_that_changed_since_the_scan_is_not_shown_as_the_old_picture(
    reviewer: User, client_as: ClientAs, library: Library, picture: Picture, data_dir: Path
) -> None:
    (Path(library.root) / "photo.png").write_bytes(b"other bytes")

    status, text = placeholder(client_as(reviewer), picture)

    assert status == 409
    assert "has changed since it was scanned" in text
    assert kept(data_dir) == []


def test_a_file_that_the_last_scan_missed_is_a_picture_that_says_so(
    reviewer: User, client_as: ClientAs, picture: Picture
) -> None:
    SourceFile.objects.update(is_present=False)

    status, text = placeholder(client_as(reviewer), picture)

    assert status == 404
    assert "no longer in its library" in text


def test_a_long_reason_is_broken_into_lines_also_in_chinese() -> None:
    with override("en"):
        text = _placeholder("字" * 60 + " <b>", 404).content.decode()

    assert text.count("<text") == 4
    assert "字" * 23 not in text
    assert "&lt;b&gt;" in text


def test_without_room_on_the_disk_the_picture_is_shown_all_the_same(
    reviewer: User, client_as: ClientAs, picture: Picture, data_dir: Path
) -> None:
    (data_dir / "renditions").write_text("a file where the folder should be")

    assert client_as(reviewer).get(url(picture)).status_code == 200


def test_many_threads_share_a_few_children(
    reviewer: User, library: Library, picture: Picture, data_dir: Path
) -> None:
    source = source_of(picture, reviewer)

    with ThreadPoolExecutor(8) as threads:
        results = set(threads.map(lambda _n: rendition(picture, source, Size.VIEW), range(16)))

    assert len(results) == 1
    assert len(kept(data_dir)) == 1


def test_showing_leaves_no_descriptor_open(
    reviewer: User, library: Library, picture: Picture
) -> None:
    source = source_of(picture, reviewer)
    with ThreadPoolExecutor(4) as threads:  # so that every child has been started
        render = renditions._render
        list(threads.map(lambda _n: render(picture, source.file, Size.FULL.edge), range(8)))
    before = open_descriptors()

    for size in Size:
        rendition(picture, source, size)

    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
