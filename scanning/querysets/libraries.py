"""Which libraries a person sees. Every other `visible_to` leads back to this one."""

from typing import TYPE_CHECKING, Self

from django.db import models

from dedup_site.accounts.models import User

if TYPE_CHECKING:
    from scanning.models import Library  # noqa: F401


class LibraryQuerySet(models.QuerySet["Library"]):
    def visible_to(self, user: User) -> Self:
        """The libraries that the person was given."""
        if user.sees_all_libraries:
            return self.all()
        return self.filter(accesses__user=user)

    def with_counts(self) -> Self:
        """Adds `file_count` and `byte_count` of the files that are present."""
        present = models.Q(files__is_present=True)
        return self.annotate(
            file_count=models.Count("files", filter=present),
            byte_count=models.functions.Coalesce(
                models.Sum("files__size", filter=present), 0, output_field=models.BigIntegerField()
            ),
        )
