"""Why a file was not acted upon, in words for people: what is the matter, and what to do."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from review.actions.troubles import Trouble

WORDS: dict[str, Promise] = {
    Trouble.ROOT_GONE: _("The library's folder cannot be opened. Is it mounted?"),
    Trouble.FOLDER_GONE: _("The folder that the file was in is gone. Make it again, and repeat."),
    Trouble.MISSING: _("The file is not there any more. Scan the library again."),
    Trouble.NOT_A_FILE: _(
        "A link or a folder stands where a file or a folder was. Nothing was touched."
    ),
    Trouble.CHANGED: _("The file has changed since the last scan. Scan again, make a new plan."),
    Trouble.OTHER_CONTENT: _("The file's content is not what it was. Nothing was touched."),
    Trouble.CHANGED_MEANWHILE: _("Somebody changed the file at that moment. It was left there."),
    Trouble.HARD_LINKED: _(
        "The file has several names (hard links): removing one frees nothing, and changes the rest."
    ),
    Trouble.KEEPER_MISSING: _("The file that is to be kept is not there. Nothing was touched."),
    Trouble.KEEPER_CHANGED: _("The file that is to be kept has changed. Nothing was touched."),
    Trouble.SAME_FILE: _("The file and the one that is kept are one and the same on the disk."),
    Trouble.OTHER_FILE_SYSTEM: _(
        "The file lies on another file system than the library's folder: it cannot be moved in one "
        "step. Mount that part as a library of its own."
    ),
    Trouble.NO_SAFE_MOVE: _(
        "This file system cannot move a file without the risk of overwriting another."
    ),
    Trouble.TAKEN: _(
        "Another file stands in its place now. Move that one away, and restore again."
    ),
    Trouble.LEFT_ASIDE: _(
        "Something else stands in its place, so it was left in quarantine. Compare the two, move "
        "what stands there away, and restore."
    ),
    Trouble.READ_ONLY: _("The program may not write there. The file was not touched."),
    Trouble.DISK_FULL: _("The disk is full. Free some space, and make a new plan."),
    Trouble.DISK_ERROR: _("The disk reported an error. Check it; the file was left where it is."),
    Trouble.LOST: _(
        "The file is neither in its place nor in quarantine. Look for it; its keeper is there."
    ),
    Trouble.BLOCKED: _("It is on legal hold, or must be kept."),
    Trouble.NOT_APPROVED: _("Whoever approved the plan may not approve plans any more."),
    Trouble.PLAN_CHANGED: _("Decision, file or keeper are not what the plan was approved for."),
    Trouble.REPLACED: _(
        "Another file has come to its place. Restore it elsewhere, or make sure by hand."
    ),
    Trouble.INTERRUPTED: _("It was interrupted, and will be done again."),
    "to_do": _("Stands on a to-do list: to be done by an owner of the files."),
}


def words(outcome: str) -> str:
    """An item's outcome, or a step's problem, in the reader's language."""
    return str(WORDS.get(outcome, outcome))
