"""Sixteen writers, rollbacks, long transactions, two sequencers: no gap, nothing missing."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction

from dedup_site.audit import log, outside
from dedup_site.audit.database_check import DatabaseCheck
from dedup_site.audit.models import AuditEvent, LogEntry
from dedup_site.audit.sequencer import sequence
from dedup_site.audit.services import record

WRITERS = 16
pytestmark = pytest.mark.usefixtures("real_database")


def write(number: int, is_over: Callable[[int], bool]) -> set[UUID]:
    """What one writer commits until it is over: the ids of its events."""
    chance, committed, turn = random.Random(number), set[UUID](), 0  # noqa: S311  a test's dice
    try:
        while not is_over(turn):
            turn += 1
            with transaction.atomic():
                events = [
                    record("decision.made", actor=None, data={"writer": number, "turn": turn})
                    for _event in range(chance.choice((1, 1, 1, 5)))
                ]
                if chance.random() < 0.1:
                    time.sleep(0.05)  # others overtake it
                if is_undone := chance.random() < 0.2:
                    transaction.set_rollback(True)
            if not is_undone:
                committed.update(event.uuid for event in events)
    finally:
        connection.close()
    return committed


def follow(is_over: threading.Event) -> int:
    """A sequencer beside another one; how often it was refused the lock."""
    turned_away = 0
    try:
        while not is_over.is_set():
            outcome = sequence()
            turned_away += outcome is None
            assert outcome is None or not outcome.refused
    finally:
        connection.close()
    return turned_away


def race(is_over: Callable[[int], bool]) -> set[UUID]:
    """All of them at once; what was committed."""
    end = threading.Event()
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        sequencers = [pool.submit(follow, end) for _sequencer in range(2)]
        writers = [pool.submit(write, number, is_over) for number in range(WRITERS)]
        committed = set[UUID]().union(*(writer.result() for writer in writers))
        end.set()
        for sequencer in sequencers:
            sequencer.result()
    # Whatever other databases of the same server still hold open ends at some time.
    while log.lag().waiting:
        sequence()
    return committed


@dataclass(frozen=True, slots=True)
class Standing:
    """What the log says after a race."""

    places: list[int]
    events: list[UUID]
    problems: list[str]
    waiting: int


def standing() -> Standing:
    entries = list(LogEntry.objects.order_by("leaf_index").values_list("leaf_index", "event_id"))
    ids = dict(AuditEvent.objects.values_list("id", "uuid"))
    note = outside.note()
    assert note is not None
    audit = DatabaseCheck([note])
    audit.run()
    assert audit.entries == len(entries)
    return Standing(
        places=[index for index, _event in entries],
        events=sorted(ids[event] for _index, event in entries),
        problems=list(audit.problems.lines()),
        waiting=audit.waiting,
    )


def one_place_each(committed: set[UUID]) -> Standing:
    """Every committed event has one place, and the places are 0, 1, 2, …"""
    return Standing(list(range(len(committed))), sorted(committed), [], 0)


def test_sixteen_writers_and_two_sequencers(data_dir: Path) -> None:
    committed = race(lambda turn: turn == 12)
    assert standing() == one_place_each(committed)


@pytest.mark.long
def test_sixteen_writers_for_half_a_minute(data_dir: Path) -> None:
    end = time.monotonic() + 30
    committed = race(lambda _turn: time.monotonic() > end)
    assert standing() == one_place_each(committed)


def test_a_long_transaction_holds_back_only_what_came_after_it(data_dir: Path) -> None:
    """The event of the long one gets its place when it commits, after nothing that it overtook."""
    other = connection.copy()
    with transaction.atomic():
        before = record("account.signed_in", actor=None)
    while log.lag().waiting:
        sequence()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
    with transaction.atomic():
        after = record("account.signed_out", actor=None)
    sequence()
    assert list(LogEntry.objects.values_list("event_id", flat=True)) == [before.pk]
    assert log.lag().waiting == 1
    other.rollback()
    other.close()
    while log.lag().waiting:
        sequence()
    assert list(LogEntry.objects.order_by("leaf_index").values_list("event_id", flat=True)) == [
        *(before.pk, after.pk)
    ]
