"""Holds and releases as the pages list them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dedup_site.accounts.models import User
from review.models import Hold, HoldRelease, Matter
from review.records.hold_querysets import tell

RELATED = ("matter", "placed_by", "picture", "source_file__library", "library")


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold: how many files it covers now, and where its latest release stands."""

    hold: Hold
    file_count: int
    release: HoldRelease | None

    @property
    def is_released(self) -> bool:
        return self.release is not None and self._state == HoldRelease.State.EFFECTIVE

    @property
    def is_pending(self) -> bool:
        return self._state in (HoldRelease.State.PROPOSED, HoldRelease.State.APPROVED)

    @property
    def ends_at(self) -> datetime | None:
        """When it ended, or will end."""
        return self.release.approval.effective_at if self.release and self._is_approved else None

    @property
    def _state(self) -> str:
        return self.release.state if self.release else ""

    @property
    def _is_approved(self) -> bool:
        return self._state in (HoldRelease.State.APPROVED, HoldRelease.State.EFFECTIVE)


def hold_lines(holds: Iterable[Hold], user: User) -> list[HoldLine]:
    """These holds as lines, in their order: three queries, however many there are."""
    order = [hold.pk for hold in holds]
    counted = Hold.objects.filter(pk__in=order).with_file_count(user).select_related(*RELATED)
    by_id = {hold.pk: hold for hold in tell(counted, user)}
    releases = HoldRelease.objects.filter(hold__in=order, withdrawal__isnull=True).with_state()
    latest = {release.hold_id: release for release in releases.select_related("approval")}
    return [HoldLine(by_id[pk], by_id[pk].file_count, latest.get(pk)) for pk in order]


def pending_releases(user: User, matter: Matter | None = None) -> list[HoldRelease]:
    """Releases that wait, of holds that the person sees and matters that they may know of."""
    known = Matter.objects.known_to(user).order_by().values("pk")
    found = HoldRelease.objects.visible_to(user).pending().filter(hold__matter__in=known)
    if matter is not None:
        found = found.filter(hold__matter=matter)
    releases = list(
        found.select_related(
            "proposed_by", "approval__approved_by", *(f"hold__{name}" for name in RELATED)
        )
    )
    tell([release.hold for release in releases], user)
    return releases
