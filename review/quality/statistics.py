"""Shares and agreement with their intervals. Plain numbers in, plain numbers out.

All intervals are two-sided, at 95 %.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

Z = NormalDist().inv_cdf(0.975)
# Of a band of scores, in thousandths.
WIDTH = 100


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float


class Agreement(NamedTuple):
    """How often two judges agree.

    pairs: how many both judged. equal: pairs on which they agree. share: `equal` of `pairs`, 0 to
    1; None without pairs. kappa, interval: Cohen's kappa, -1 to 1; None where it is not defined:
    without pairs, or where both judges only ever gave the same single verdict.
    """

    pairs: int
    equal: int
    share: float | None
    share_interval: Interval | None
    kappa: float | None
    interval: Interval | None


def wilson(hits: int, count: int) -> Interval | None:
    """The interval of a share of `hits` in `count`; None without any.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927), 209-212.

    Raises:
        ValueError: not 0 <= hits <= count.
    """
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} of {count} is no share.")
    if count == 0:
        return None
    share = hits / count
    spread = 1 + Z * Z / count
    middle = (share + Z * Z / (2 * count)) / spread
    half = Z * sqrt(share * (1 - share) / count + Z * Z / (4 * count * count)) / spread
    # At the ends the formula gives 0 and 1 exactly; floats miss them by a hair.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if hits == count else min(1.0, middle + half))


def agreement(verdicts: Iterable[tuple[Hashable, Hashable]]) -> Agreement:
    """Agreement of two judges, from what each of them said of the same pairs.

    Kappa: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960), 37-46. Its large-sample error: J. L. Fleiss, J. Cohen and B. S. Everitt,
    "Large sample standard errors of kappa and weighted kappa", Psychological Bulletin 72 (1969),
    323-327, formula 13. Where all verdicts agree that error is 0, which would promise certainty
    after one pair: the lower end is then the kappa of Wilson's lower end of the share.
    """
    cells = Counter(verdicts)
    count = sum(cells.values())
    if count == 0:
        return Agreement(0, 0, None, None, None, None)
    equal = sum(number for (one, other), number in cells.items() if one == other)
    share, around = equal / count, wilson(equal, count)
    first: Counter[Hashable] = Counter()
    second: Counter[Hashable] = Counter()
    for (one, other), number in cells.items():
        first[one] += number
        second[other] += number
    # In whole numbers, so that "only ever the same verdict" is told without rounding.
    by_chance = sum(first[verdict] * second[verdict] for verdict in first)
    if by_chance == count * count:
        return Agreement(count, equal, share, around, None, None)
    chance = by_chance / (count * count)
    kappa = (share - chance) / (1 - chance)
    if equal == count and around is not None:
        interval = Interval((around.low - chance) / (1 - chance), 1.0)
    else:
        half = Z * _error(cells, first, second, count, share, chance)
        interval = Interval(max(-1.0, kappa - half), min(1.0, kappa + half))
    return Agreement(count, equal, share, around, kappa, interval)


def _error(
    cells: Counter[tuple[Hashable, Hashable]],
    first: Counter[Hashable],
    second: Counter[Hashable],
    count: int,
    share: float,
    chance: float,
) -> float:
    """The standard error of kappa by Fleiss, Cohen and Everitt."""
    equal = different = 0.0
    for (one, other), number in cells.items():
        if one == other:
            ends = (first[one] + second[one]) / count
            equal += number / count * ((1 - chance) - ends * (1 - share)) ** 2
        else:
            ends = (second[one] + first[other]) / count
            different += number / count * ends**2
    less = (share * chance - 2 * chance + share) ** 2
    variance = equal + (1 - share) ** 2 * different - less
    return sqrt(max(0.0, variance) / count) / (1 - chance) ** 2


class Band(NamedTuple):
    """Pairs of a range of scores: all of them, and those that people judged."""

    low: int
    pairs: int
    duplicates: int
    others: int

    @property
    def judged(self) -> int:
        return self.duplicates + self.others

    @property
    def top(self) -> int:
        """Where the next band begins."""
        return self.low + WIDTH

    @property
    def interval(self) -> Interval | None:
        return wilson(self.duplicates, self.judged)

    @property
    def precision(self) -> float | None:
        """The share of duplicates among those judged; None without a verdict."""
        return self.duplicates / self.judged if self.judged else None

    @property
    def expected(self) -> float | None:
        """Duplicates among all its pairs, if the others are as those judged."""
        if self.precision is None:
            return None
        return self.duplicates + (self.pairs - self.judged) * self.precision


class Threshold(NamedTuple):
    """What judging all pairs from this score on would cost and find.

    unknown: pairs in bands, on either side, of which nobody has judged any; they are in neither
    `found` nor `missed`. hours: None where nobody's speed is known.
    """

    score: int
    pairs: int
    found: float
    missed: float
    unknown: int
    hours: float | None


def thresholds(bands: Iterable[Band], seconds: float | None) -> list[Threshold]:
    """A line for each band's lower end as the threshold, highest first.

    seconds: what one pair takes.
    """
    ordered = sorted(bands, key=lambda band: -band.low)
    expected = sum(band.expected or 0.0 for band in ordered)
    unknown = sum(band.pairs for band in ordered if band.expected is None)
    lines, pairs, found = [], 0, 0.0
    for band in ordered:
        pairs += band.pairs
        found += band.expected or 0.0
        hours = None if seconds is None else pairs * seconds / 3600
        missed = max(0.0, expected - found)
        lines.append(Threshold(band.low, pairs, found, missed, unknown, hours))
    return lines
