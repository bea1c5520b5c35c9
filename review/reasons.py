"""The reasons for verdicts: those in force, and the words that a decision was given under."""

from dataclasses import dataclass

from django.utils.translation import get_language

from review.models.reasons import ReasonVersion


@dataclass(frozen=True, slots=True)
class Wording:
    """A reason in both languages."""

    words: str
    words_zh: str

    def __str__(self) -> str:
        return self.words_zh if (get_language() or "").startswith("zh") else self.words

    @property
    def other(self) -> str:
        """The same in the language that the page is not in."""
        return self.words if str(self) == self.words_zh else self.words_zh


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in force. `number`: its key after the verdict; none beyond nine."""

    number: int
    code: str
    wording: Wording
    version: int

    @property
    def words(self) -> str:
        return str(self.wording)


def in_force() -> dict[str, list[Reason]]:
    """The reasons by verdict, in the order of their keys; one query."""
    newest = (
        ReasonVersion.objects.order_by("reason_id", "-number")
        .distinct("reason_id")
        .values_list(
            *("reason__verdict", "reason__code", "words", "words_zh", "place", "pk", "is_retired")
        )
    )
    by_verdict: dict[str, list[Reason]] = {}
    for verdict, code, words, words_zh, _place, pk, is_retired in sorted(
        newest, key=lambda row: (row[0], row[4], row[5])
    ):
        given = by_verdict.setdefault(verdict, [])
        if not is_retired:
            given.append(Reason(len(given) + 1, code, Wording(words, words_zh), pk))
    return by_verdict


def of(verdict: str) -> list[Reason]:
    """The reasons in force for a verdict."""
    return in_force().get(verdict, [])


def codes(verdict: str) -> list[str]:
    """Their codes."""
    return [reason.code for reason in of(verdict)]


# Versions never change, and their numbers never come again: what is known stays true.
_known: dict[int, Wording] = {}
_first: dict[str, Wording] = {}


def words(version: int | None, code: str) -> str:
    """The words that a decision was given under; decisions older than versions had the first."""
    if not code:
        return ""
    known = _known.get(version) if version is not None else _first.get(code)
    if known is None:
        for pk, number, of_code, english, chinese in ReasonVersion.objects.values_list(
            "pk", "number", "reason__code", "words", "words_zh"
        ):
            _known[pk] = Wording(english, chinese)
            if number == 1:
                _first[of_code] = _known[pk]
        known = _known.get(version) if version is not None else _first.get(code)
    return str(known) if known else code
