"""Which page or frame a pair is about, beside the names of its files."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.places import place
from scanning.models import Picture
from tests.conftest import MakePair, MakePicture

ClientAs = Callable[[User], Client]


@pytest.mark.parametrize(
    ("format_name", "index", "frames", "words"),
    [
        ("JPEG", 0, 1, ""),
        ("TIFF", 0, 1, ""),
        ("TIFF", 2, 12, "page 3 of 12"),
        ("PDF", 0, 1200, "page 1 of 1200"),
        ("HEIF", 1, 2, "page 2 of 2"),
        ("GIF", 4, 40, "frame 5 of 40"),
        ("DICOM", 0, 30, "frame 1 of 30"),
    ],
)
def test_a_place_in_words(format_name: str, index: int, frames: int, words: str) -> None:
    assert place(Picture(format=format_name, page=index, frames=frames)) == words


@pytest.mark.django_db
def test_queue_and_pair_say_which_page(
    make_picture: MakePicture, make_pair: MakePair, reviewer: User, client_as: ClientAs
) -> None:
    make_picture("a", format="TIFF", frames=12)
    pair = make_pair("a", "b")
    client = client_as(reviewer)
    queue = client.get(reverse("review:queue")).content.decode()
    assert queue.count("page 1 of 12") == 1
    desk = client.get(reverse("review:pair", args=[pair.pk])).content.decode()
    assert desk.count("page 1 of 12") == 1


@pytest.mark.django_db
def test_equal_files_are_paired_as_a_whole(
    make_picture: MakePicture, make_pair: MakePair, reviewer: User, client_as: ClientAs
) -> None:
    make_picture("a", format="TIFF", frames=12)
    make_pair("a", "a", tier="identical", distance=0, score=1000)
    queue = client_as(reviewer).get(reverse("review:queue")).content.decode()
    assert "page 1 of 12" not in queue
