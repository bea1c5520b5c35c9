"""What stands where a file was and where it was to go: how a broken-off move is finished. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from review.actions.opening import Place, folder, hashed, opened
from review.actions.troubles import Refused, Trouble

NOWHERE = (Trouble.MISSING, Trouble.FOLDER_GONE)


class Standing(StrEnum):
    """What stands at a place."""

    NOTHING = "nothing"
    OURS = "ours"
    # The very file, with other content.
    CHANGED = "changed"
    # Another file, a link, a folder.
    OTHER = "other"


class Next(StrEnum):
    """What to do with an item whose move was begun, and whose end nobody wrote down."""

    # It is in quarantine: finish what is left to do.
    FORWARD = "forward"
    # It never left: nothing has happened.
    NOTHING_HAPPENED = "nothing_happened"
    # What lies in quarantine is not what was to be moved: back with it.
    PUT_BACK = "put_back"
    # The same, but its place is taken: a person has to look.
    LEFT_ASIDE = "left_aside"
    # It is in neither place: a person has to look.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands at a file's own place, and at its place in quarantine."""

    source: Standing
    aside: Standing

    @property
    def next(self) -> Next:
        """What to do about a move into quarantine."""
        match self.source, self.aside:
            case _, Standing.OURS:
                return Next.FORWARD
            case Standing.NOTHING, Standing.NOTHING:
                return Next.LOST
            case _, Standing.NOTHING:  # the next look at it tells whether it was changed
                return Next.NOTHING_HAPPENED
            case Standing.NOTHING, _:
                return Next.PUT_BACK
            case _:
                return Next.LEFT_ASIDE


def look(source: Place, aside: Place, sha256: bytes, inode: int) -> Facts:
    """The facts about one file, known by inode and content.

    Raises:
        Refused: it cannot be seen (ROOT_GONE, READ_ONLY, DISK_ERROR): ask again later.
    """
    return Facts(standing(source, sha256, inode), standing_aside(aside, sha256, inode))


def standing(place: Place, sha256: bytes, inode: int = 0) -> Standing:
    """What stands at a place; an inode of 0 may be any. Raises Refused, as `look`."""
    try:
        with opened(place) as found:
            if inode and found.status.st_ino != inode:
                return Standing.OTHER
            return Standing.OURS if hashed(found) == sha256 else Standing.CHANGED
    except Refused as error:
        if error.trouble in NOWHERE:
            return Standing.NOTHING
        if error.trouble == Trouble.CHANGED_MEANWHILE:
            return Standing.CHANGED
        if error.trouble == Trouble.NOT_A_FILE:
            return Standing.OTHER
        raise


def standing_aside(place: Place, sha256: bytes, inode: int = 0) -> Standing:
    """As `standing`, in the quarantine: without its folder the library is not mounted."""
    with folder(place.root, place.folders):
        return standing(place, sha256, inode)
