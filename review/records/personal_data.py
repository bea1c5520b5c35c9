"""Personal data that is kept twice, or longer than its rule, customer by customer.

A library's scheme names the attribute that says whose file it is. Nothing here deletes: a duty to
erase is shown, and people decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from dedup_site.accounts.models import User
from review.models import PairReview, Verdict
from review.records.hold_querysets import counted_for
from scanning.models import Library

# Files of the person's libraries that have a customer, with what is known of each. A copy is a
# file of the same content, or of a picture that confirmed pairs join to it.
FILES = """
    WITH asked AS MATERIALIZED (
        SELECT file.id, file.library_id, file.path, file.sha256,
               file.attributes ->> scheme.customer_attribute AS customer
        FROM scanning_sourcefile file
        JOIN review_scheme_in_force current ON current.library_id = file.library_id
        JOIN review_libraryscheme scheme ON scheme.id = current.id
        WHERE file.is_present AND scheme.customer_attribute <> ''
          AND file.library_id = ANY (%(libraries)s)
          AND file.attributes ->> scheme.customer_attribute <> ''
    ), root AS MATERIALIZED (
        SELECT * FROM unnest(%(contents)s::bytea[], %(roots)s::bytea[]) AS root (sha256, root)
    ), held AS MATERIALIZED (
        SELECT review_held_files(%(holds)s::bigint[]) AS id
    ), known AS MATERIALIZED (
        SELECT asked.customer, asked.library_id, asked.path, asked.id, kept.retained_until,
               coalesce(root.root, asked.sha256, ('unread ' || asked.id)::bytea) AS content,
               kept.problem = '' AND kept.retained_until
                   < (now() AT TIME ZONE 'Asia/Hong_Kong')::date AS overdue,
               asked.id IN (SELECT held.id FROM held) AS held
        FROM asked
        JOIN review_retention_of(ARRAY(SELECT asked.id FROM asked)) AS kept
          ON kept.source_file_id = asked.id
        LEFT JOIN root ON root.sha256 = asked.sha256
    )
"""
CUSTOMERS = """
    SELECT customer, count(*), count(*) - count(DISTINCT content),
           count(*) FILTER (WHERE overdue), count(*) FILTER (WHERE overdue AND held),
           array_agg(DISTINCT library_id)
    FROM known GROUP BY customer
    HAVING count(*) > count(DISTINCT content) OR bool_or(overdue)
    ORDER BY 4 DESC, 3 DESC, 1
    LIMIT %(limit)s OFFSET %(offset)s
"""
ROWS = """
    SELECT customer, library_id, path, copies > 1, overdue, held, retained_until
    FROM (SELECT known.*, count(*) OVER (PARTITION BY customer, content) AS copies FROM known) row
    WHERE copies > 1 OR overdue
    ORDER BY customer, library_id, path
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: files, how many of them are copies of others, and how many are overdue."""

    name: str
    files: int
    copies: int
    overdue: int
    overdue_held: int
    libraries: list[str]


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """One file that is kept twice or too long. `retained_until` is empty where it is not known."""

    customer: str
    library: str
    path: str
    is_twice: bool
    is_overdue: bool
    is_held: bool
    retained_until: str


def libraries_with_customers(user: User) -> list[Library]:
    """The libraries of the person whose scheme in force names a customer attribute."""
    from review.models import LibraryScheme

    schemes = LibraryScheme.objects.in_force().exclude(customer_attribute="")
    named = [scheme.library_id for scheme in schemes]
    return list(Library.objects.visible_to(user).filter(pk__in=named).order_by("name"))


def customers(libraries: list[Library], user: User, *, limit: int, offset: int) -> list[Customer]:
    """The customers with most files kept too long first. Of the holds those that `user` may see."""
    names = {library.pk: library.name for library in libraries}
    rows = _rows(FILES + CUSTOMERS, libraries, user, limit=limit, offset=offset)
    return [
        Customer(
            row[0], row[1], row[2], row[3], row[4], sorted(names[library] for library in row[5])
        )
        for row in rows
    ]


def customer_files(libraries: list[Library], user: User) -> Iterator[CustomerFile]:
    """Every file that is kept twice or too long, customer by customer; holds as in `customers`."""
    names = {library.pk: library.name for library in libraries}
    rows = _rows(FILES + ROWS, libraries, user)
    for customer, library, path, is_twice, overdue, held, until in rows:
        yield CustomerFile(
            customer,
            names[library],
            path,
            is_twice,
            overdue,
            held,
            until.isoformat() if until else "",
        )


@transaction.atomic
def _rows(sql: str, libraries: list[Library], user: User, **more: int) -> list[tuple[Any, ...]]:
    roots, holds = _roots(), counted_for(user)
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "libraries": [library.pk for library in libraries],
                "contents": list(roots),
                "roots": list(roots.values()),
                "holds": None if holds is None else list(holds.values_list("pk", flat=True)),
                **more,
            },
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _roots() -> dict[bytes, bytes]:
    """One content for each group of contents that confirmed pairs join: by union and find."""
    confirmed = PairReview.objects.filter(verdict=Verdict.DUPLICATE)
    parent: dict[bytes, bytes] = {}

    def root(content: bytes) -> bytes:
        while (above := parent.setdefault(content, content)) != content:
            parent[content] = parent[above]
            content = parent[content]
        return content

    pairs = confirmed.values_list("pair__left__sha256", "pair__right__sha256")
    for left, right in pairs.iterator(10_000):
        one, other = root(bytes(left)), root(bytes(right))
        parent[max(one, other)] = min(one, other)
    return {content: root(content) for content in list(parent)}
