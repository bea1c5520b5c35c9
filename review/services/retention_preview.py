"""What a new version of a rule or a scheme would change, counted file by file."""

from dataclasses import dataclass

from django.db import connection

from review.models import LibraryScheme, RetentionRuleVersion
from scanning.models import Library


@dataclass(frozen=True, slots=True)
class Effect:
    """In one library: present files freed of retention, of these on hold, and kept newly."""

    library: Library
    frees: int
    of_these_held: int
    keeps: int


def effect_of(version: RetentionRuleVersion | LibraryScheme) -> list[Effect]:
    """What changes if this version counts instead of the one in force, in every library."""
    rules = _ids(RetentionRuleVersion.objects.in_force().values_list("pk", "rule"))
    schemes = _ids(LibraryScheme.objects.in_force().values_list("pk", "library"))
    then_rules, then_schemes = dict(rules), dict(schemes)
    if isinstance(version, LibraryScheme):
        then_schemes[version.library_id] = version.pk
        libraries = [version.library_id]
    else:
        then_rules[version.rule_id] = version.pk
        libraries = list(schemes)
    now = [list(rules.values()), list(schemes.values())]
    then = [list(then_rules.values()), list(then_schemes.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asked AS MATERIALIZED (
                SELECT ARRAY(SELECT id FROM scanning_sourcefile
                             WHERE is_present AND library_id = ANY (%s)) AS files
            ), fate AS MATERIALIZED (
                SELECT before.source_file_id AS id, before.library_id,
                       before.problem <> '' OR before.retained_until >= today.day AS kept,
                       after.problem <> '' OR after.retained_until >= today.day AS stays
                FROM (SELECT (now() AT TIME ZONE 'Asia/Hong_Kong')::date AS day) today
                CROSS JOIN asked
                CROSS JOIN LATERAL review_retention_of(asked.files, %s, %s) AS before
                JOIN LATERAL review_retention_of(asked.files, %s, %s) AS after
                  ON after.source_file_id = before.source_file_id
            )
            SELECT library_id, count(*) FILTER (WHERE kept AND NOT stays),
                   count(*) FILTER (WHERE kept AND NOT stays
                                    AND id IN (SELECT review_held_files())),
                   count(*) FILTER (WHERE stays AND NOT kept)
            FROM fate GROUP BY library_id
            """,
            [libraries, *now, *then],
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    return [
        Effect(library, *rows[library.pk])
        for library in Library.objects.filter(pk__in=rows).order_by("name")
    ]


def _ids(rows: object) -> dict[int, int]:
    return {of: pk for pk, of in rows}  # type: ignore[attr-defined]  # pairs of ids
