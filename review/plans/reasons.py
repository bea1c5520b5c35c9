"""Why a file of a plan is not acted upon: kept with the item as codes, told in words.

A matter is never named here: who reads a plan need not know of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from review.records.blocking import Block, BlockingReason

WORDS: dict[str, str | Promise] = {
    Block.UNKNOWN_FILE.value: _("The file is not known."),
    Block.HELD.value: _("On legal hold."),
    Block.RETAINED.value: _("To be kept until %(day)s: %(name)s."),
    Block.UNREAD.value: _("Its content is not known: it could not be read."),
    Block.UNKNOWN_CLASS.value: _("Its record class is not known."),
    Block.NO_RULE.value: _("No retention rule says how long “%(name)s” is kept."),
    Block.UNREADABLE_RULE.value: _("A retention rule for “%(name)s” cannot be read."),
    Block.MISSING_DATE.value: _("The date from which it must be kept is missing."),
    "under_way": _("Plan %(number)s has it already."),
    "kept_for_others": _("Plan %(number)s keeps it for other files."),
    "not_confirmed": _("Nobody confirmed it as a duplicate of the file that is kept."),
    "pages": _("It has several pages, and not all of them were judged."),
    "same_file": _("It is the kept file under another name (hard link): nothing is freed."),
}


@dataclass(frozen=True, slots=True)
class Because:
    """One reason. `until` (ISO) and `name` as far as the reason has them; `plan`: another one."""

    # With nothing else against it, such a file simply stays: it is no duplicate of what is kept.
    STAYS: ClassVar[frozenset[str]] = frozenset({"not_confirmed", "pages", "same_file"})

    code: str
    until: str = ""
    name: str = ""
    plan: int = 0

    @classmethod
    def of(cls, reason: BlockingReason) -> Self:
        """The same reason without the matter."""
        return cls(
            reason.block.value,
            until=reason.until.isoformat() if reason.until else "",
            name=reason.rule.title if reason.rule else reason.record_class,
        )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)

    def as_data(self) -> dict[str, Any]:
        """What an item keeps."""
        facts = {"until": self.until, "name": self.name, "plan": self.plan}
        return {"code": self.code, **{name: value for name, value in facts.items() if value}}

    @property
    def words(self) -> str:
        """For people."""
        facts = {"day": self.until, "name": self.name, "number": self.plan}
        return str(WORDS.get(self.code, WORDS[Block.UNKNOWN_FILE.value])) % facts
