"""Whoever uploaded a file does not judge its pairs, nor its groups."""

import io
from collections.abc import Callable
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review import own_uploads
from review.models import Decision, PairReview
from review.queue_querysets import who_may_judge
from review.services import decisions, leases
from review.services.refusals import OwnUpload
from scanning.models import CandidatePair, Library, Picture, Upload
from scanning.services.uploads import add_upload
from tests.conftest import MakePair, MakePicture

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def upload(user: User, picture: Picture) -> None:
    """As if the person had uploaded this content, under whatever name."""
    Upload.objects.create(user=user, sha256=picture.sha256)


@pytest.fixture
def pair(make_pair: MakePair) -> CandidatePair:
    return make_pair()


def answer(client: Client, pair: CandidatePair, token: int) -> tuple[int, str]:
    given = client.post(
        reverse("review:decide", args=[pair.pk]),
        {"verdict": "duplicate", "reason": "same_picture", "token": token},
        headers={"X-Desk": "1"},
    )
    return given.status_code, given.json()["message"]


def test_an_upload_is_remembered_with_everybody_who_brought_it(
    reviewer: User, second_reviewer: User
) -> None:
    for user in (reviewer, second_reviewer, reviewer):
        user.is_superuser = True
        user.save()
    library = Library.objects.create(name="Tender", kind=Library.Kind.UPLOADED)
    library.accesses.create(user=reviewer)
    library.accesses.create(user=second_reviewer)

    first = add_upload(
        library=library, actor=reviewer, name="a.jpg", content=io.BytesIO(b"same bytes")
    )
    again = add_upload(
        library=library, actor=second_reviewer, name="a.jpg", content=io.BytesIO(b"same bytes")
    )

    assert again == first
    assert list(Upload.objects.order_by("pk").values_list("user", flat=True)) == [
        reviewer.pk,
        second_reviewer.pk,
    ]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_uploader_does_not_get_the_pair_and_others_do(
    reviewer: User, second_reviewer: User, pair: CandidatePair, side: str
) -> None:
    upload(reviewer, getattr(pair, side))

    assert leases.take(actor=reviewer, pair=pair) is None
    assert leases.take(actor=second_reviewer, pair=pair) is not None


def test_nobody_is_asked_about_a_pair_of_their_own(
    reviewer: User, second_reviewer: User, pair: CandidatePair
) -> None:
    upload(reviewer, pair.right)

    able = set(who_may_judge(pair.pk))

    assert second_reviewer in able
    assert reviewer not in able


def test_each_of_several_uploaders_is_excluded(
    reviewer: User, second_reviewer: User, pair: CandidatePair
) -> None:
    upload(reviewer, pair.left)
    upload(second_reviewer, pair.left)

    assert own_uploads.is_own(reviewer, pair.pk)
    assert own_uploads.is_own(second_reviewer, pair.pk)


def test_the_queue_leaves_own_pairs_out(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    own, other = make_pair("a", "b"), make_pair("c", "d")
    upload(reviewer, own.left)

    page = client_as(reviewer).get(reverse("review:queue")).content.decode()
    went = client_as(reviewer).get(reverse("review:next"))
    everybodys = client_as(second_reviewer).get(reverse("review:queue")).content.decode()

    assert f'data-pair="{other.pk}"' in page
    assert f'data-pair="{own.pk}"' not in page
    assert went.headers["Location"] == reverse("review:pair", args=[other.pk])
    assert f'data-pair="{own.pk}"' in everybodys


def test_the_page_says_why_and_offers_no_verdict(
    reviewer: User, second_reviewer: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    upload(reviewer, pair.right)
    url = reverse("review:pair", args=[pair.pk])

    own = client_as(reviewer).get(url).content.decode()
    others = client_as(second_reviewer).get(url).content.decode()

    sentence = "You uploaded a file of this pair, so that somebody else judges it."
    assert sentence in own
    assert "data-answer" not in own
    assert sentence not in others
    assert "data-answer" in others


def test_a_decided_pair_cannot_be_changed_by_its_uploader(
    reviewer: User, second_reviewer: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    lease = leases.take(actor=second_reviewer, pair=pair)
    assert lease is not None
    decided = decisions.decide(
        actor=second_reviewer,
        pair=pair,
        verdict="duplicate",
        reason="same_picture",
        token=lease.token,
    )
    upload(reviewer, pair.left)

    page = client_as(reviewer).get(reverse("review:pair", args=[pair.pk])).content.decode()

    assert "Change the decision" not in page
    with pytest.raises(OwnUpload):
        decisions.decide(
            actor=reviewer,
            pair=pair,
            verdict="not_duplicate",
            reason="similar_scene",
            supersedes=decided.pk,
        )


def test_an_answer_of_the_uploader_is_refused_in_words(
    reviewer: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    upload(reviewer, pair.left)  # while the pair was on the page

    assert answer(client_as(reviewer), pair, lease.token) == (
        409,
        "You uploaded a file of this pair, so that somebody else judges it. You can look at it.",
    )
    assert Decision.objects.count() == 0


def test_postgres_refuses_what_goes_around_the_service(reviewer: User, pair: CandidatePair) -> None:
    upload(reviewer, pair.left)

    with pytest.raises(IntegrityError, match="does not judge it"), transaction.atomic():
        Decision.objects.create(
            pair=pair, verdict="duplicate", reason="same_picture", reviewer=reviewer, evidence={}
        )


def test_ones_own_decision_of_before_can_still_be_taken_back(
    reviewer: User, pair: CandidatePair
) -> None:
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    decided = decisions.decide(
        actor=reviewer, pair=pair, verdict="duplicate", reason="same_picture", token=lease.token
    )
    upload(reviewer, pair.left)

    decisions.undo(actor=reviewer, decision=decided)

    assert PairReview.objects.get(pair=pair).verdict == ""


def test_groups_are_known_by_the_pictures_in_them(
    reviewer: User, second_reviewer: User, make_picture: MakePicture
) -> None:
    pictures = [make_picture(name) for name in "abc"]
    upload(reviewer, pictures[1])

    assert own_uploads.has_uploaded(reviewer, pictures)
    assert own_uploads.has_uploaded(reviewer, [picture.pk for picture in pictures])
    assert not own_uploads.has_uploaded(reviewer, [pictures[0]])
    assert not own_uploads.has_uploaded(second_reviewer, pictures)


def test_uploads_of_before_are_read_from_the_log(reviewer: User) -> None:
    reviewer.is_superuser = True
    reviewer.save()
    library = Library.objects.create(name="Tender", kind=Library.Kind.UPLOADED)
    library.accesses.create(user=reviewer)
    file = add_upload(library=library, actor=reviewer, name="a.jpg", content=io.BytesIO(b"bytes"))
    Upload.objects.all().delete()
    migration = import_module("scanning.migrations.0004_reveals_and_uploads")

    with connection.cursor() as cursor:
        cursor.execute(migration.UPLOADS_OF_BEFORE)

    assert [(each.user_id, bytes(each.sha256)) for each in Upload.objects.all()] == [
        (reviewer.pk, bytes(file.sha256 or b""))
    ]
