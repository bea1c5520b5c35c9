"""A library with very many undecided pairs, and people who judge them: written by SQL."""

from collections import Counter

# Each picture is in about a hundred pairs.
NEIGHBOURS = 50

# The trigger would write the same places in the queue, one library and pair at a time.
FILL = """
ALTER TABLE scanning_finding DISABLE TRIGGER review_finding_made;

INSERT INTO scanning_picture
    (sha256, page, byte_size, format, mode, width, height, frames, metadata, read_with)
SELECT sha256(convert_to('queue ' || n, 'UTF8')), 0, 10000 + n * 37 %% 900000, 'JPEG', 'RGB',
       1600, 1200, 1, '{}', ''
FROM generate_series(1, %(pictures)s) n;

INSERT INTO scanning_sourcefile
    (library_id, path_key, path, size, modified_ns, changed_ns, inode, sha256, state, attributes,
     is_present, error_kind, error_message, read_with, first_seen_at)
SELECT %(library)s, sha256(convert_to('path ' || id, 'UTF8')), 'scans/' || id || '.jpg',
       byte_size, 1700000000000000000, 0, 0, sha256, 'read',
       jsonb_build_object('supplier', 'S' || id %% 20), true, '', '', '', now()
FROM scanning_picture;

INSERT INTO scanning_candidatepair
    (left_id, right_id, tier, distance, score, transform, evidence, compared_with, created_at)
SELECT CASE WHEN a.sha256 < b.sha256 THEN a.id ELSE b.id END,
       CASE WHEN a.sha256 < b.sha256 THEN b.id ELSE a.id END,
       CASE WHEN (a.id + b.id) %% 10 = 0 THEN 'same_pixels' ELSE 'near' END, 10,
       700 + (a.id * 31 + b.id * 17) %% 300,
       CASE WHEN (a.id * b.id) %% 50 = 0 THEN 'mirror' ELSE '' END, '{}', '', now()
FROM scanning_picture a JOIN scanning_picture b ON b.id > a.id AND b.id <= a.id + %(neighbours)s;

INSERT INTO scanning_finding (pair_id, library_id, job_id, run_id)
SELECT id, %(library)s, %(job)s, %(run)s FROM scanning_candidatepair;

INSERT INTO review_queueplace
    (library_id, pair_id, tier, score, bytes_saved, risk, ease, labels)
SELECT %(library)s, pair.id, pair.tier, pair.score, least(a.byte_size, b.byte_size),
       1001 * ((a.id %% 20 <> b.id %% 20)::int) + pair.score, pair.score,
       ARRAY['supplier=S' || a.id %% 20, 'supplier=S' || b.id %% 20,
             CASE pair.transform WHEN '' THEN '~same' ELSE '~' || pair.transform END]
FROM scanning_candidatepair pair
JOIN scanning_picture a ON a.id = pair.left_id JOIN scanning_picture b ON b.id = pair.right_id;

ALTER TABLE scanning_finding ENABLE TRIGGER review_finding_made;
"""


def fill(pairs: int) -> int:
    """So many undecided pairs in one library; the library's id."""
    from django.db import connection

    from dedup_site.audit.acting import acting_as
    from scanning.models import Library, ScanJob, ScanRun

    library = Library.objects.create(
        name="bench", kind="uploaded", attribute_pattern="{supplier}/…"
    )
    job = ScanJob.objects.create(library=library, name="bench")
    run = ScanRun.objects.create(
        job=job, library=library, state="finished", configuration={"near_radius": 64}
    )
    values = {
        "pictures": pairs // NEIGHBOURS + NEIGHBOURS,
        "neighbours": NEIGHBOURS,
        "library": library.pk,
        "job": job.pk,
        "run": run.pk,
    }
    with acting_as("owner"), connection.cursor() as cursor:
        for statement in FILL.split(";"):
            if statement.strip():
                cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")
    return library.pk


def reviewers(count: int, library: int) -> list[int]:
    """So many people who judge in the library; ids."""
    from django.contrib.auth.models import Group

    from dedup_site.accounts.models import User
    from dedup_site.accounts.roles import Role
    from scanning.models import LibraryAccess

    group = Group.objects.get(name=Role.REVIEWER.value)
    people = []
    for number in range(count):
        user = User.objects.create_user(f"reviewer-{number}", password=None)
        user.groups.add(group)
        LibraryAccess.objects.create(library_id=library, user=user)
        people.append(user.pk)
    return people


def sessions(people: list[int]) -> list[str]:
    """The cookie of each, as after signing in."""
    from django.test import Client

    from dedup_site.accounts.models import User

    cookies = []
    for person in people:
        client = Client()
        client.force_login(User.objects.get(pk=person))
        cookies.append(client.cookies["sessionid"].value)
    return cookies


def tally(judged: Counter[int]) -> tuple[int, int]:
    """Pairs with more than one first decision, and how many acknowledged pairs are stored."""
    from django.db.models import Count

    from review.models import Decision

    first = Decision.objects.filter(supersedes=None).order_by().values("pair")
    twice = first.annotate(number=Count("pk")).filter(number__gt=1).count()
    stored = Decision.objects.filter(pair__in=list(judged)).count()
    return twice, stored
