"""Which page or frame of its file a picture is, in words."""

from django.utils.formats import number_format
from django.utils.translation import gettext

from scanning.models import Picture

PAGED = frozenset({"TIFF", "PDF", "HEIF"})


def place(picture: Picture) -> str:
    """Such as “page 3 of 12”; empty for the only picture of its file."""
    if picture.frames == 1:
        return ""
    values = {
        "number": number_format(picture.page + 1),
        "count": number_format(picture.frames),
    }
    if picture.format in PAGED:
        return gettext("page %(number)s of %(count)s") % values
    return gettext("frame %(number)s of %(count)s") % values
