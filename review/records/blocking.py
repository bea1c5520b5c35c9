"""Why nothing may be done to a file: holds first, then retention. Whatever acts on files asks here.

Postgres refuses by the same functions (`review_file_is_held`, `review_file_is_blocked`). A hold
wins over everything; whatever is not known blocks.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext

from dedup_site.accounts.models import User
from review.models import Hold, RetentionRuleVersion
from review.records.hold_querysets import tell
from review.shipped import shipped


class Block(StrEnum):
    """The kinds of reasons, the strongest first."""

    UNKNOWN_FILE = "unknown_file"
    HELD = "held"
    UNREAD = "unread"
    UNKNOWN_CLASS = "unknown_class"
    NO_RULE = "no_rule"
    UNREADABLE_RULE = "unreadable_rule"
    MISSING_DATE = "missing_date"
    RETAINED = "retained"


@dataclass(frozen=True, slots=True)
class BlockingReason:
    """One reason. `until`: the last day of the longest rule; `record_class`: the file's class."""

    block: Block
    hold: Hold | None = None
    until: date | None = None
    rule: RetentionRuleVersion | None = None
    record_class: str = ""

    @property
    def words(self) -> str:
        """For people; a matter that the reader may not know of is masked."""
        match self.block:
            case Block.HELD if self.hold is not None:
                return gettext("On legal hold: %(matter)s.") % {"matter": self.hold.matter}
            case Block.RETAINED if self.until is not None and self.rule is not None:
                return gettext("To be kept until %(day)s: %(rule)s.") % {
                    "day": date_format(self.until, "Y-m-d"),
                    "rule": shipped(self.rule.title),
                }
            case Block.UNREAD:
                return gettext("Its content is not known: it could not be read.")
            case Block.UNKNOWN_CLASS:
                return gettext("Its record class is not known.")
            case Block.NO_RULE:
                return gettext("No retention rule says how long “%(name)s” is kept.") % {
                    "name": self.record_class
                }
            case Block.UNREADABLE_RULE:
                return gettext("A retention rule for “%(name)s” cannot be read.") % {
                    "name": self.record_class
                }
            case Block.MISSING_DATE:
                return gettext("The date from which it must be kept is missing.")
            case _:
                return gettext("The file is not known.")


def blocking_reasons(files: Iterable[int], user: User) -> dict[int, list[BlockingReason]]:
    """The reasons against acting on each of these files (ids); an empty list is free to act upon.

    Every hold in force counts, whoever asks; only its matter's name is masked for `user`. The
    number of queries does not depend on the number of files.
    """
    asked = list(dict.fromkeys(files))
    reasons: dict[int, list[BlockingReason]] = {file: [] for file in asked}
    for file, hold in _holds_on(asked, user):
        reasons[file].append(BlockingReason(Block.HELD, hold=hold))
    known = set[int]()
    for file, reason in _kept(asked):
        known.add(file)
        if reason is not None:
            reasons[file].append(reason)
    for file in asked:
        if file not in known:
            reasons[file].append(BlockingReason(Block.UNKNOWN_FILE))
    return reasons


def _holds_on(files: list[int], user: User) -> Iterable[tuple[int, Hold]]:
    on: defaultdict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_file_id, hold_id FROM review_holds_on(%s) ORDER BY 1, 2", [files]
        )
        for file, hold in cursor.fetchall():
            on[hold].append(file)
    found = Hold.objects.filter(pk__in=list(on)).select_related(
        "matter", "picture", "source_file", "library"
    )
    for known in sorted(tell(found, user), key=lambda hold: hold.pk):
        for file in on[known.pk]:
            yield file, known


def _kept(files: list[int]) -> Iterable[tuple[int, BlockingReason | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT kept.source_file_id, coalesce(kept.record_class, ''), kept.retained_until,
                   kept.rule_version_id, kept.problem, file.sha256 IS NULL OR file.state <> 'read',
                   coalesce(kept.retained_until
                            >= (now() AT TIME ZONE 'Asia/Hong_Kong')::date, true)
            FROM review_retention_of(%s) kept
            JOIN scanning_sourcefile file ON file.id = kept.source_file_id
            """,
            [files],
        )
        rows = cursor.fetchall()
    rules = RetentionRuleVersion.objects.in_bulk({row[3] for row in rows if row[3]})
    for file, record_class, until, rule, problem, is_unread, is_kept in rows:
        if is_unread:
            yield file, BlockingReason(Block.UNREAD)
        if problem:
            yield file, BlockingReason(Block(problem), record_class=record_class)
        elif is_kept:
            yield (
                file,
                BlockingReason(Block.RETAINED, None, until, rules.get(rule), record_class),
            )
        else:
            yield file, None
