"""Why nothing may be done to a file: what the action plans will ask."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import Matter
from review.records.blocking import Block, blocking_reasons
from review.records.rules_in_force import rules_digest
from scanning.models import Library, SourceFile
from tests.review.records import file_is, make_file, make_hold, make_rule, make_scheme

pytestmark = pytest.mark.django_db

LONG_AGO, NOW = "2001-02-03", f"{timezone.now() - timedelta(days=1):%Y-%m-%d}"


@pytest.fixture(autouse=True)
def classed(library: Library) -> None:
    make_rule("own", "own", period="P7Y", title="Own rule")
    make_scheme(library, class_attribute="kind", class_values={"a": "own", "b": "empty"})


def blocks(file: int, user: User) -> list[str]:
    return [reason.block for reason in blocking_reasons([file], user)[file]]


def test_each_reason_has_a_name_and_words(officer: User, matter: Matter, library: Library) -> None:
    sha256 = iter(bytes([number]) * 32 for number in range(1, 9))

    def make(path: str, digest: bytes | None = None, **attributes: str) -> int:
        return make_file(library, path, digest or next(sha256), attributes=attributes).pk

    free = make("free", kind="a", event=LONG_AGO)
    kept = make("kept", kind="a", event=NOW)
    undated = make("undated", kind="a")
    no_rule = make("no rule", kind="b", event=LONG_AGO)
    unknown = make("unknown", event=LONG_AGO)
    held = make("in/held", kind="a", event=LONG_AGO)
    unread = make_file(library, "unread", attributes={"kind": "a", "event": LONG_AGO}).pk
    make_hold(officer, matter, library=library, folder="in")

    found = blocking_reasons([free, kept, undated, no_rule, unknown, held, unread, 4711], officer)

    assert {file: [reason.block for reason in reasons] for file, reasons in found.items()} == {
        free: [],
        kept: [Block.RETAINED],
        undated: [Block.MISSING_DATE],
        no_rule: [Block.NO_RULE],
        unknown: [Block.UNKNOWN_CLASS],
        held: [Block.HELD],
        unread: [Block.UNREAD],
        4711: [Block.UNKNOWN_FILE],
    }
    assert all(reason.words for reasons in found.values() for reason in reasons)
    assert "Own rule" in found[kept][0].words
    assert str(matter) in found[held][0].words


def test_holds_come_first_and_all_are_named(
    officer: User, matter: Matter, library: Library
) -> None:
    file = make_file(library, "a", b"\1" * 32, attributes={"kind": "a"}).pk
    make_hold(officer, matter, library=library)
    make_hold(officer, matter, source_file_id=file)

    assert blocks(file, officer) == [Block.HELD, Block.HELD, Block.MISSING_DATE]


def test_a_hold_counts_for_whoever_asks_but_its_matter_may_be_masked(
    officer: User, outsider: User, library: Library
) -> None:
    secret = Matter.objects.create(reference="ICAC 7", title="Harbour", is_confidential=True)
    secret.readers.add(officer)
    file = make_file(library, "a", b"\1" * 32, attributes={"kind": "a", "event": LONG_AGO}).pk
    make_hold(officer, secret, library=library)

    (masked,) = blocking_reasons([file], outsider)[file]
    (told,) = blocking_reasons([file], officer)[file]

    assert masked.words == f"On legal hold: Confidential matter {secret.pk}."
    assert told.words == "On legal hold: ICAC 7 Harbour."


def test_the_number_of_queries_is_fixed(officer: User, matter: Matter, library: Library) -> None:
    make_hold(officer, matter, library=library, folder="in")
    files = [
        make_file(library, f"in/{number}", bytes([number]) * 32, attributes={"kind": "a"}).pk
        for number in range(1, 30)
    ]

    def queries(asked: list[int]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            blocking_reasons(asked, officer)
        return len(captured)

    assert queries(files) == queries(files[:1])


def test_postgres_agrees(officer: User, matter: Matter, library: Library) -> None:
    make_hold(officer, matter, library=library, folder="in")
    for path, event in (("in/a", LONG_AGO), ("b", LONG_AGO), ("c", NOW)):
        attributes = {"kind": "a", "event": event}
        file = make_file(library, path, path.encode().ljust(32), attributes=attributes)
        assert file_is("review_file_is_blocked", file) == bool(blocks(file.pk, officer))
    unread = make_file(library, "unread", attributes={"kind": "a", "event": LONG_AGO})
    changed = make_file(library, "changed", b"c" * 32, attributes={"kind": "a", "event": LONG_AGO})
    SourceFile.objects.filter(pk=changed.pk).update(state=SourceFile.State.PENDING)
    for file in (unread, changed):
        assert file_is("review_file_is_blocked", file)
        assert blocks(file.pk, officer) == [Block.UNREAD]


def test_the_digest_of_the_rules_changes_with_any_of_them(library: Library) -> None:
    before = rules_digest()
    assert rules_digest() == before
    make_rule("another", "own")
    assert rules_digest() != before
