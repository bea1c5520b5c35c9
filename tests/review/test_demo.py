"""What `make run` adds to the demo library: a hold, a blocked plan, and one that is carried out."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dedup_site.accounts.demo import make_demo_users
from dedup_site.database_roles import DatabaseRole, as_role
from dedup_site.run import DEMO_LIBRARY, DEMO_PATTERN
from review import demo
from review.models import ActionPlan, Certificate, Decision, Hold, LibraryScheme, PairReview
from review.records.hold_querysets import held_files
from scanning.models import Library, ScanRun
from scanning.services.quickstart import mount
from scanning.storage import QUARANTINE
from scanning.workers import worker
from tests.databases import acting_as
from tests.review.plans import fates
from tests.scans import broker

# As much of the demo library as is needed here.
PARTS = ("customers/C-10417", "customers/C-10582", "registry/sha-tin", "manifest.csv")
FILES = tuple(demo.ARCHIVED.values())


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file below the folder, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a part of the demo library."""
    copy = tmp_path / "demo"
    for name in PARTS:
        if (DEMO_LIBRARY / name).is_dir():
            shutil.copytree(DEMO_LIBRARY / name, copy / name)
        else:
            shutil.copy2(DEMO_LIBRARY / name, copy / name)
    for name in FILES:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(DEMO_LIBRARY / name, copy / name)
    return copy


@contextmanager
def as_the_program() -> Iterator[None]:
    """What is started here is no superuser, who would touch no file."""
    with pytest.MonkeyPatch.context() as environment:
        url = as_role(os.environ["DATABASE_URL"], DatabaseRole.APPLICATION)
        environment.setenv("DATABASE_URL", url)
        yield


def counted() -> dict[str, int]:
    """How many rows there are of what is added."""
    kinds = (Library, ScanRun, Decision, Hold, LibraryScheme, ActionPlan, Certificate)
    return {kind.__name__: kind.objects.count() for kind in kinds}


def test_it_is_made_once_by_the_demo_users_and_on_copies(
    real_database: str, folder: Path, data_dir: Path
) -> None:
    with broker() as queue:
        queue.flushdb()
    make_demo_users()
    shipped, before = digests(DEMO_LIBRARY), digests(folder)
    options = ("--manifest", "manifest.csv", "--attributes", DEMO_PATTERN)
    with as_the_program(), worker(1):
        call_command("quickstart", str(folder), "--no-serve", *options)
        with acting_as(DatabaseRole.APPLICATION):
            call_command("demo_records", str(folder))
            made = counted()
            call_command("demo_records", str(folder))

    assert made == {
        "Library": 2,
        "ScanRun": 2,
        "Decision": 5,
        "Hold": 1,
        "LibraryScheme": 2,
        "ActionPlan": 2,
        "Certificate": 2,
    }
    assert counted() == made
    assert (digests(folder), digests(DEMO_LIBRARY)) == (before, shipped)

    assert set(Decision.objects.values_list("reviewer__username", "verdict")) == {
        ("reviewer", "duplicate")
    }
    assert PairReview.objects.filter(verdict="duplicate").count() == 5
    assert Hold.objects.get().placed_by.username == "officer"
    assert sorted(held_files(Hold.objects.all()).values_list("path", flat=True)) == [
        "customers/C-10417/IMG_0231 (copy).jpg",
        "customers/C-10417/membership-card.jpg",
        "customers/C-10417/proof-of-address.jpg",
    ]

    blocked, done = ActionPlan.objects.order_by("pk")
    assert (blocked.state, blocked.action, blocked.made_by.username) == (
        *("proposed", "to_do", "admin"),
    )
    assert {path: (fate, why) for path, (fate, _keeper, why) in fates(blocked).items()} == {
        "customers/C-10417/membership-card.jpg": ("blocked", ["held", "retained"]),
        "customers/C-10582/membership-card.jpg": ("blocked", ["retained"]),
        demo.SMALL_TRAM: ("blocked", ["unknown_class"]),
        demo.WEBP_DUCK: ("blocked", ["unknown_class"]),
        "registry/sha-tin/地段圖 1204.jpg": ("act", []),
    }

    assert done.approved_by is not None
    assert (done.state, done.made_by.username, done.approved_by.username) == (
        *("done", "admin", "officer"),
    )
    assert set(done.items.values_list("state", flat=True)) == {"quarantined"}
    assert sorted(path for path in digests(data_dir / "demo-archive") if path[0] != ".") == [
        "catalogue 2024/bath duck.jpg",
        "catalogue 2024/wooden tram.jpg",
        "for the web site/bath duck.webp.second-look.json",
        "for the web site/wooden tram.jpg.second-look.json",
    ]


@pytest.mark.django_db
def test_a_failure_is_one_line(folder: Path) -> None:
    mount(folder=folder)
    with pytest.raises(CommandError) as caught:
        call_command("demo_records", str(folder))
    assert str(caught.value) == (
        "The demo goes on without a hold and plans. There is no demo user 'reviewer'."
    )
    assert counted()["Library"] == 1


@pytest.mark.django_db
def test_the_archive_of_another_database_is_left_alone(folder: Path) -> None:
    make_demo_users()
    mount(folder=folder)
    left = demo.archive_folder() / QUARANTINE
    left.mkdir(parents=True)
    with pytest.raises(CommandError) as caught:
        call_command("demo_records", str(folder))
    assert str(caught.value) == (
        "The demo goes on without a hold and plans."
        f" {left.parent} is left from an earlier database. Move it away."
    )
    assert digests(left.parent) == {}


@pytest.mark.django_db
def test_nothing_is_added_where_somebody_has_decided(
    folder: Path, log: list[Decision], data_dir: Path
) -> None:
    make_demo_users()
    mount(folder=folder)
    call_command("demo_records", str(folder))
    assert counted()["ActionPlan"] == 0
    assert not (data_dir / "demo-archive").exists()
