"""A hold that comes while a file is moved or deleted: it is before it, or after, never between."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.actions import execution, ledger, moves, moving
from review.models import ActionPlan, Hold, Matter, PlanItem
from review.services.holds import Target, place_hold
from scanning.models import Library, LibraryAccess, ScanJob, ScanRun, SourceFile
from tests.conftest import make_user
from tests.review.actions.at_work import add_duplicates, executing_plan, files_in, make_due, states
from tests.scans import until

Scene = tuple[ActionPlan, User]


@pytest.fixture
def scene(real_database: str, request: pytest.FixtureRequest) -> Scene:
    """A plan with two copies, and an officer who places a hold."""
    library: Library = request.getfixturevalue("library")
    job = ScanJob.objects.create(library=library, name="Everything")
    run = ScanRun.objects.create(job=job, library=library, state="finished", configuration={})
    maker = make_user("maker", Role.ADMIN, library)
    approver, holder = (
        make_user(name, Role.RECORDS_OFFICER, library) for name in ("approver", "holder")
    )
    add_duplicates(run, make_user("judge", Role.REVIEWER, library), 2)
    assert LibraryAccess.objects.count() == 4
    return executing_plan(maker, approver, library), holder


def hold_waits() -> bool:
    """Whether somebody waits for the lock that holds share."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND objid = %s AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database())",
            [ledger.HOLDS_LOCK],
        )
        return bool(cursor.fetchone()[0])


def holding(holder: User) -> threading.Thread:
    """Another person places a hold on copies/0.jpg, over a connection of their own."""
    file = SourceFile.objects.get(path="copies/0.jpg")

    def place() -> None:
        try:
            place_hold(
                actor=holder,
                matter=Matter.objects.get(),
                reason="litigation",
                target=Target(source_file=file),
            )
        finally:
            connection.close()

    thread = threading.Thread(target=place)
    thread.start()
    return thread


def during(
    monkeypatch: pytest.MonkeyPatch, name: str, holder: User
) -> Callable[[], threading.Thread]:
    """The hold is begun in the middle of the executor's transaction, and has to wait for it."""
    real = getattr(moving, name)
    begun: list[threading.Thread] = []

    def first(*arguments: object) -> object:
        if not begun:
            begun.append(holding(holder))
            until(hold_waits, "the hold to wait")
            assert not Hold.objects.exists()
        return real(*arguments)

    monkeypatch.setattr(moving, name, first)
    return lambda: begun[0]


def test_a_hold_that_comes_during_the_move_covers_what_is_in_quarantine(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, holder = scene
    hold = during(monkeypatch, "take", holder)
    item = ledger.claim(plan.items.get(source_file__path="copies/0.jpg").pk, PlanItem.State.PLANNED)
    assert item is not None
    moves.carry_out(item)
    hold().join()
    assert Hold.objects.count() == 1
    assert states(plan)["copies/0.jpg"] == ("quarantined", "")
    make_due(plan)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("quarantined", "blocked")
    assert b"copy 0" in files_in(plan.library.root).values()


def test_a_hold_that_comes_during_the_deletion_comes_too_late(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever places it reads, a moment later, that the file was deleted as approved."""
    plan, holder = scene
    execution.carry_out(plan.pk)
    make_due(plan)
    hold = during(monkeypatch, "unlink", holder)
    execution.tend()
    hold().join()
    assert Hold.objects.count() == 1
    assert states(plan)["copies/0.jpg"] == ("purged", "")
    assert states(plan)["copies/1.jpg"] == ("purged", "")


def test_a_hold_that_was_there_first_wins(scene: Scene) -> None:
    """The executor waits for the transaction of a hold, and then leaves the file alone."""
    plan, holder = scene
    item = ledger.claim(plan.items.get(source_file__path="copies/0.jpg").pk, PlanItem.State.PLANNED)
    assert item is not None
    placed, waiting = threading.Event(), threading.Event()

    def place_slowly() -> None:
        try:
            with transaction.atomic():
                place_hold(
                    actor=holder,
                    matter=Matter.objects.get(),
                    reason="litigation",
                    target=Target(source_file=item.source_file),
                )
                placed.set()
                assert waiting.wait(60)
        finally:
            connection.close()

    def let_go() -> None:
        try:
            until(hold_waits, "the executor to wait")
        finally:
            waiting.set()
            connection.close()

    threads = [threading.Thread(target=place_slowly)]
    threads[0].start()
    assert placed.wait(60)
    threads.append(threading.Thread(target=let_go))
    threads[1].start()
    moves.carry_out(item)
    for thread in threads:
        thread.join()
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "blocked")
    assert files_in(plan.library.root)["copies/0.jpg"] == b"copy 0"
