"""The orders of the open queue, and what they go by."""

import pytest
from django.db import connection

from dedup_site.accounts.models import User
from review.models import Order, QueuePlace
from review.ordering import Place, Queue
from review.paging import TIERS
from scanning.models import CandidatePair, Finding, Library, ScanJob, ScanRun, SourceFile
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge
from tests.review.test_leases import queue_of

pytestmark = pytest.mark.django_db


def in_order(user: User, order: Order) -> list[int]:
    return [place.pair for place in queue_of(user, order).first(10)]


def attribute(name: str, **attributes: str) -> None:
    SourceFile.objects.filter(path=f"{name}.jpg").update(attributes=attributes)


def test_each_order(reviewer: User, make_pair: MakePair, make_picture: MakePicture) -> None:
    for name in "abcdef":
        make_picture(name, byte_size=100)
    make_picture("big", byte_size=9_000)
    make_picture("bigger", byte_size=8_000)
    attribute("c", supplier="A", tender="1")
    attribute("d", supplier="B", tender="1")
    old = make_pair("a", "b", score=800)
    across = make_pair("c", "d", score=700)
    large = make_pair("big", "bigger", score=750)
    turned = make_pair("e", "f", score=820)
    CandidatePair.objects.filter(pk=turned.pk).update(transform="turn=90")
    same = make_pair("g", "h", tier="same_pixels", score=600)

    assert in_order(reviewer, Order.SURE) == [p.pk for p in (same, turned, old, large, across)]
    assert in_order(reviewer, Order.EASY) == [p.pk for p in (same, old, large, across, turned)]
    assert in_order(reviewer, Order.VALUE)[0] == large.pk
    assert in_order(reviewer, Order.RISK) == [p.pk for p in (across, turned, old, large, same)]
    assert in_order(reviewer, Order.AGE) == [p.pk for p in (old, across, large, turned, same)]


def test_equal_files_save_all_but_one(
    library: Library, make_picture: MakePicture, make_pair: MakePair
) -> None:
    picture = make_picture("a", byte_size=500)
    for number in range(3):
        SourceFile.objects.create(
            library=library,
            path=f"copy {number}.jpg",
            path_key=bytes([number]),
            size=500,
            modified_ns=1,
            sha256=picture.sha256,
        )
    make_pair("a", "a", tier="identical", score=1000)

    assert QueuePlace.objects.get().bytes_saved == 1_500


def test_labels_are_attributes_and_steps(make_pair: MakePair, make_picture: MakePicture) -> None:
    make_picture("a")
    attribute("a", supplier="A=12")
    pair = make_pair("a", "b")
    CandidatePair.objects.filter(pk=pair.pk).update(transform="mirror crop=0.81")

    assert sorted(QueuePlace.objects.get().labels) == ["supplier=A=12", "~crop", "~mirror"]


@pytest.mark.parametrize("order", Order)
def test_pages_follow_each_other_without_gap_or_repetition(
    reviewer: User, make_pair: MakePair, order: Order
) -> None:
    for number, score in enumerate([900, 900, 950, 700, 900]):
        make_pair(f"l{number}", f"r{number}", score=score)
    make_pair("same", "same", tier="identical", score=1000)
    make_pair("p", "q", tier="lookalike", score=999)
    queue = queue_of(reviewer, order)
    every = queue.first(100)

    pages: list[Place] = []
    after = None
    while page := queue.first(2, after):
        pages += page
        after = Place.parse(str(page[-1]))

    assert len(every) == 7
    assert pages == every


def test_a_pair_of_two_libraries_has_one_place(reviewer: User, make_pair: MakePair) -> None:
    pair = make_pair()
    other = Library.objects.create(name="Other", kind="uploaded")
    job = ScanJob.objects.create(library=other, name="Everything")
    run = ScanRun.objects.create(job=job, library=other, state="finished", configuration={})
    Finding.objects.create(pair=pair, library=other, job=job, run=run)
    reviewer.accesses.create(library=other)

    assert QueuePlace.objects.count() == 2
    assert [place.pair for place in queue_of(reviewer).first(10)] == [pair.pk]


def test_a_pair_is_in_the_queue_while_it_is_found_and_undecided(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    from review.services import decisions

    pair = make_pair()
    decision = judge(reviewer, pair)
    assert not QueuePlace.objects.exists()
    decisions.undo(actor=reviewer, decision=decision)
    assert QueuePlace.objects.get().pair == pair
    Finding.objects.all().delete()
    assert not QueuePlace.objects.exists()


def test_a_place_follows_its_pair(make_pair: MakePair) -> None:
    pair = make_pair(score=900)
    CandidatePair.objects.filter(pk=pair.pk).update(score=640, tier="lookalike")

    place = QueuePlace.objects.get()
    assert (place.score, place.tier, place.ease) == (640, "lookalike", 640)


@pytest.mark.parametrize("text", ["", "1", "1.2", "9.1.1", "0.x.1", "0.1.1.1", "0.-1.1"])
def test_a_place_that_makes_no_sense_is_none(text: str) -> None:
    assert Place.parse(text) is None


@pytest.mark.parametrize("order", Order)
def test_every_order_reads_along_an_index(
    reviewer: User, library: Library, make_pair: MakePair, order: Order
) -> None:
    for number in range(30):
        make_pair(f"l{number}", f"r{number}", score=700 + number)
    places = QueuePlace.objects.within([library.pk]).undecided()
    ours = Queue(places, [library.pk], TIERS, order)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    name = {"sure": "score", "easy": "ease", "value": "bytes"}.get(order, order.value)

    assert f"queue_by_{name}" in ours.explain(5)
