"""How the log stands, for the page: last checkpoint, where it was brought, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass

from dedup_site.audit import log
from dedup_site.audit.models import LogCheckpoint, LogIncident, LogPublication


@dataclass(frozen=True, slots=True)
class Published:
    """One second place: the last success and, if the last try failed, that failure."""

    place: str
    success: LogPublication | None
    failure: LogPublication | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that the audit page tells about the log."""

    checkpoint: LogCheckpoint | None
    incident: LogIncident | None
    lag: log.Lag
    published: Sequence[Published]

    @property
    def is_well(self) -> bool:
        return self.incident is None and not self.lag.is_late


def standing() -> Standing:
    """How the log stands now."""
    return Standing(log.last_checkpoint(), log.incident(), log.lag(), list(map(_place, _places())))


def _places() -> list[str]:
    """The places of the last days: the web site does not know the sequencer's configuration."""
    recent = LogPublication.objects.order_by("-id")[:500]
    return sorted({publication.place for publication in recent})


def _place(name: str) -> Published:
    tries = LogPublication.objects.filter(place=name).order_by("-id")
    last = tries.first()
    failure = last if last is not None and last.error else None
    return Published(name, tries.filter(error="").first(), failure)
