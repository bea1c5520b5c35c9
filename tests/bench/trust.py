"""The log under load: decisions a second, and how long a million of them take to export and check.

    python -m tests.bench.trust [--decisions 1000000] [--seconds 20]

Prints a table as Markdown. It brings a database of its own, in a folder that is gone afterwards.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from dedup_site.audit.acting import acting_as
from tests.bench.report import Section, Setting

CHECKOUT = Path(__file__).resolve().parents[2]
WRITERS = 16
DETAIL = {"actor": "writer", "target": "a pair"}
SALT = bytes(16)
EVIDENCE = {
    "v": 1,
    "tier": "near",
    "score": 900,
    "distance": 10,
    "transform": "",
    "left": {"sha256": "a" * 64, "files": ["registry/a/0001.tif", "registry/b/0001.tif"]},
    "right": {"sha256": "b" * 64, "files": ["registry/c/0001.tif"]},
    "found_by": [{"library": 1, "run": 1, "configuration": {"near_radius": 64}}],
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    found: str
    target: str = ""


def trust(setting: Setting) -> Section:
    """The part of `make bench`."""
    small = setting.size == "small"
    return Section(section(20_000, 5) if small else section())


def section(decisions: int = 1_000_000, seconds: int = 20) -> str:
    """The measurements as Markdown, made by a process of its own."""
    command = [sys.executable, "-m", "tests.bench.trust"]
    command += ["--decisions", str(decisions), "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    for name in ("DATABASE_URL", "REDIS_URL", "DATABASE_URL_FILE", "REDIS_URL_FILE"):
        os.environ.pop(name, None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "dedup_site.settings"
    os.environ["LOG_LEVEL"] = "WARNING"
    with tempfile.TemporaryDirectory(prefix="second-look-bench-") as folder:
        os.environ["DATA_DIR"] = folder
        from dedup_site import embedded
        from dedup_site.database_roles import as_role
        from dedup_site.embedded_servers import SUPERUSER

        with embedded.environment(Path(folder)):
            # Here the owner is a superuser: a million decisions are made past all triggers.
            os.environ["OWNER_DATABASE_URL"] = as_role(os.environ["OWNER_DATABASE_URL"], SUPERUSER)
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            figures = [*writing(options.seconds), *a_million(options.decisions, Path(folder))]
    sys.stdout.write("| what | reached | target |\n|---|---|---|\n")
    for figure in figures:
        sys.stdout.write(f"| {figure.what} | {figure.found} | {figure.target} |\n")


# Writing


def writing(seconds: int) -> Iterator[Figure]:
    """16 processes decide on pairs of their own while the sequencer runs."""
    from django.db import connection

    user = _user()
    for name, way, target in (
        ("through the service: lease, checks, evidence, decision, event", _through_service, ""),
        ("the decision, the pair's state and the event by the ORM", _rows_alone, "≥ 1,000/s"),
        ("the same rows by plain SQL", _bare, ""),
    ):
        pairs = make_pairs(120 * WRITERS * seconds, name)
        connection.close()
        made = _race(way, user, pairs, seconds)
        yield Figure(f"decisions with audit, {WRITERS} writers, {name}", f"{made:,.0f}/s", target)
    entries, highest, events = _one(
        "SELECT count(*), max(leaf_index), (SELECT count(*) FROM audit_auditevent)"
        " FROM audit_logentry"
    )
    is_gapless = entries == events == highest + 1
    yield Figure(
        "places in the log after that", f"{entries:,}, {'gapless' if is_gapless else 'WITH GAPS'}",
        "gapless, none missing",
    )  # fmt: skip


def _race(way: Callable[[int, int], None], user: int, pairs: list[int], seconds: int) -> float:
    """Decisions a second of all writers together."""
    from dedup_site.audit.sequencer import sequence

    context = get_context("fork")
    begin, end = context.Barrier(WRITERS + 1), context.Event()
    share = len(pairs) // WRITERS
    counts = context.Array("q", WRITERS)

    def write(number: int) -> None:
        mine = pairs[number * share : (number + 1) * share]
        way(user, mine.pop())  # connects, and fills every cache
        begin.wait()
        for pair in mine:
            if end.is_set():
                break
            way(user, pair)
            counts[number] += 1

    def follow() -> None:
        while not end.is_set():
            sequence()
            time.sleep(1)

    children = [context.Process(target=write, args=(number,)) for number in range(WRITERS)]
    children.append(context.Process(target=follow))
    for child in children:
        child.start()
    begin.wait()
    begun = time.monotonic()
    time.sleep(seconds)
    end.set()
    took = time.monotonic() - begun
    total = sum(int(count) for count in counts[:])
    for child in children:
        child.join()
        assert child.exitcode == 0
    outcome = sequence()
    assert outcome is not None
    assert not outcome.refused
    return float(total / took)


def _through_service(user: int, pair: int) -> None:
    from dedup_site.accounts.models import User
    from review.services import decisions, leases
    from scanning.models import CandidatePair

    actor = User.objects.get(pk=user)
    found = CandidatePair.objects.select_related("left", "right").get(pk=pair)
    lease = leases.take(actor=actor, pair=found)
    assert lease is not None
    decisions.decide(
        actor=actor, pair=found, verdict="duplicate", reason="same_picture", token=lease.token
    )


class _Writer:
    """An actor whose name is known."""

    def __init__(self, pk: int) -> None:
        self.pk = pk

    def get_username(self) -> str:
        return "writer"


def _rows_alone(user: int, pair: int) -> None:
    from django.db import transaction

    from dedup_site.audit.entries import digest_of
    from dedup_site.audit.services import record
    from review.models import Decision, PairReview

    with transaction.atomic():
        decision = Decision.objects.create(
            pair_id=pair,
            verdict="duplicate",
            reason="same_picture",
            reviewer_id=user,
            evidence=EVIDENCE,
        )
        PairReview.objects.bulk_create(
            [PairReview(pair_id=pair, decision=decision, verdict="duplicate")]
        )
        record(
            "decision.made",
            actor=_Writer(user),
            data={
                "decision": decision.pk,
                "pair": pair,
                "verdict": "duplicate",
                "reason": "same_picture",
                "supersedes": None,
                "evidence_sha256": digest_of(EVIDENCE),
            },
        )


def _bare(user: int, pair: int) -> None:
    """The same rows by two statements: what the tables take, whatever the program costs."""
    from django.db import connection, transaction

    from dedup_site.audit.entries import digest_of
    from dedup_site.audit.services import prepared

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH made AS (INSERT INTO review_decision (pair_id, verdict, reason, note,"
            " reviewer_id, made_at, evidence)"
            " VALUES (%s, 'duplicate', 'same_picture', '', %s, now(), %s)"
            " RETURNING id, pair_id), stands AS (INSERT INTO review_pairreview (pair_id,"
            " decision_id, verdict, token, regroup) SELECT pair_id, id, 'duplicate', 0, true FROM"
            " made) SELECT id FROM made",
            [pair, user, json.dumps(EVIDENCE)],
        )
        (decision,) = cursor.fetchone()
        event = prepared(
            "decision.made",
            actor=_Writer(user),
            data={
                "decision": decision,
                "pair": pair,
                "verdict": "duplicate",
                "reason": "same_picture",
                "supersedes": None,
                "evidence_sha256": digest_of(EVIDENCE),
            },
        )
        cursor.execute(
            "INSERT INTO audit_auditevent (uuid, at, action, actor_id, target_type, target_id,"
            " body, detail, salt) VALUES (%s, %s, %s, %s, '', '', %s, %s, %s)",
            [event.uuid, event.at, event.action, user, event.body, json.dumps(event.detail),
             bytes(event.salt)],
        )  # fmt: skip


# A million


def a_million(count: int, folder: Path) -> Iterator[Figure]:
    """Export and check a log with so many decisions, each in a process of its own."""
    from dedup_site.audit.sequencer import sequence

    make_decisions(count)
    begun = time.monotonic()
    outcome = sequence()
    assert outcome is not None
    assert not outcome.refused
    took = time.monotonic() - begun
    rate = outcome.added / took
    yield Figure(f"sequencing {outcome.added:,} events", f"{took:.0f} s, {rate:,.0f}/s")
    bundle, manage = folder / "bundle", [sys.executable, str(CHECKOUT / "manage.py")]
    verifier = str(CHECKOUT / "dedup_site" / "audit" / "verifier.py")
    yield measured(
        f"export {count:,} decisions (JSONL, CSV, XLSX, log)",
        [*manage, "export_decisions", "--skip-checks", "--output", str(bundle)],
        "≤ 60 s, < 200 MB",
    )
    yield measured(
        f"verify that bundle: {outcome.size:,} entries and {count:,} decisions",
        [sys.executable, "-I", "-S", verifier, str(bundle)],
        "≤ 30 s, < 500 MB",
    )
    yield measured(
        f"verify_audit: {outcome.size:,} entries",
        [*manage, "verify_audit", "--skip-checks"],
        "≤ 30 s, < 500 MB",
    )
    size = sum(file.stat().st_size for file in bundle.iterdir())
    yield Figure("size of the bundle", f"{size / 1e6:,.0f} MB")


# A small process in between: memory counts from the fork on, and this one is large.
RUNNER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(code)
"""


def measured(what: str, command: list[str], target: str) -> Figure:
    """Run it; time, processor time and peak memory as the kernel accounts for them."""
    begun = time.monotonic()
    runner = [sys.executable, "-I", "-S", "-c", RUNNER, *command]
    done = subprocess.run(runner, stdout=subprocess.PIPE, text=True, check=True)
    took = time.monotonic() - begun
    processor, kilobytes = map(float, done.stdout.split())
    memory = kilobytes * 1024 / 1e6
    return Figure(what, f"{took:.0f} s ({processor:.0f} s of processor), {memory:.0f} MB", target)


# What is measured on


def _one(sql: str, *bounds: Any) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, bounds)
        return cursor.fetchone() if cursor.description else None


def _user() -> int:
    from django.contrib.auth.models import Group

    from dedup_site.accounts.models import User
    from dedup_site.accounts.roles import Role

    user = User.objects.create_user("writer", password=None, sees_all_libraries=True)
    user.groups.add(Group.objects.get(name=Role.REVIEWER.value))
    return user.pk


@acting_as("owner")
def make_pairs(count: int, salt: str) -> list[int]:
    """So many pairs of pictures that a scan found, written by SQL."""
    from django.db import connection, transaction

    from scanning.models import Library, ScanJob, ScanRun

    library, _made = Library.objects.get_or_create(name="bench", kind="uploaded")
    job, _made = ScanJob.objects.get_or_create(library=library, name="bench")
    run, _made = ScanRun.objects.get_or_create(
        job=job, library=library, state="finished", configuration={"near_radius": 64}
    )
    pictures = int((2 * count) ** 0.5) + 2
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO scanning_picture (sha256, page, byte_size, format, mode, width, height,
                                              frames, metadata, read_with)
                SELECT sha256(convert_to(%s || n, 'UTF8')), 0, 1, 'JPEG', 'RGB', 1, 1, 1, '{}', ''
                FROM generate_series(1, %s) n RETURNING id, sha256
            )
            INSERT INTO scanning_candidatepair
                (left_id, right_id, tier, distance, score, transform, evidence, compared_with,
                 created_at)
            SELECT a.id, b.id, 'near', 10, 900, '', '{}', '', now()
            FROM made a JOIN made b ON a.sha256 < b.sha256 LIMIT %s RETURNING id
            """,
            [salt, pictures, count],
        )
        pairs = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "INSERT INTO scanning_finding (pair_id, library_id, job_id, run_id)"
            " SELECT id, %s, %s, %s FROM unnest(%s) id",
            [library.pk, job.pk, run.pk, pairs],
        )
        cursor.execute("ANALYZE")
    return pairs


@acting_as("owner")
def make_decisions(count: int) -> None:
    """So many decisions with their events, as the services would have written them, by SQL."""
    from django.db import connection, transaction

    from dedup_site.accounts.models import User
    from dedup_site.audit.entries import digest_of
    from dedup_site.audit.services import detail_digest

    user = User.objects.get(username="writer").pk
    pairs = make_pairs(count, "million")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO review_decision
                    (pair_id, verdict, reason, note, reviewer_id, made_at, evidence)
                SELECT pair, 'duplicate', 'same_picture', 'Same sheet, scanned twice', %(user)s,
                       now(), %(evidence)s
                FROM unnest(%(pairs)s) pair RETURNING id, pair_id, made_at
            ), said AS (
                SELECT id, pair_id, made_at, gen_random_uuid() AS uuid FROM made
            )
            INSERT INTO audit_auditevent
                (uuid, at, action, actor_id, target_type, target_id, body, detail, salt)
            SELECT uuid, made_at, 'decision.made', %(user)s, 'scanning.candidatepair',
                pair_id::text, format(
                    '{"action":"decision.made","actor":%%s,"at":"%%s","data":{"decision":%%s,'
                    '"evidence_sha256":"%%s","pair":%%s,"reason":"same_picture","supersedes":null,'
                    '"verdict":"duplicate"},"detail_sha256":"%%s","library":null,"request":null,'
                    '"target":["scanning.candidatepair","%%s"],"uuid":"%%s","v":1}',
                    %(user)s, to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                    id, %(evidence_sha256)s, pair_id, %(detail_sha256)s, pair_id, uuid
                ), %(detail)s, %(salt)s
            FROM said ORDER BY id
            """,
            {
                "user": user,
                "evidence": json.dumps(EVIDENCE),
                "evidence_sha256": digest_of(EVIDENCE),
                "pairs": pairs,
                "detail": json.dumps({**DETAIL, "note": "Same sheet, scanned twice"}),
                "detail_sha256": detail_digest(
                    {**DETAIL, "note": "Same sheet, scanned twice"}, SALT
                ),
                "salt": SALT,
            },
        )
    _one("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
