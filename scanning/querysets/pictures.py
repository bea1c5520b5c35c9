"""Reading source files and pictures."""

from typing import TYPE_CHECKING, Self

from django.db import models

from dedup_site.accounts.models import User

if TYPE_CHECKING:
    from scanning.models import Picture, SourceFile  # noqa: F401


class SourceFileQuerySet(models.QuerySet["SourceFile"]):
    def visible_to(self, user: User) -> Self:
        """Files in libraries that the person was given."""
        if user.sees_all_libraries:
            return self.all()
        return self.filter(library__accesses__user=user)

    def present(self) -> Self:
        """Files that the last walk still found."""
        return self.filter(is_present=True)

    def readable(self) -> Self:
        """Files that are there and were read."""
        return self.filter(is_present=True, state="read")

    def troubled(self) -> Self:
        """Files that could not be read, or only in part."""
        return self.filter(models.Q(state="error") | models.Q(state="read", error_kind="partial"))


class PictureQuerySet(models.QuerySet["Picture"]):
    def current(self) -> Self:
        """Without pages that the last reading of their content did not find any more."""
        return self.exclude(page__gt=0, read_with="")

    def visible_to(self, user: User) -> Self:
        """Pictures of which a file stands in a library that the person was given."""
        from scanning.models import SourceFile

        files = SourceFile.objects.visible_to(user).filter(sha256=models.OuterRef("sha256"))
        return self.filter(models.Exists(files))
