"""The people who use Second Look."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.roles import Can


class User(AbstractUser):
    """A person with roles (groups) and a scope (libraries).

    `sees_all_libraries` widens the scope to every library, also those to come. Nobody has it by
    role: it is given by name, and each change is an audit event.
    """

    sees_all_libraries = models.BooleanField(_("sees all libraries"), default=False)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [(can.value, can.label) for can in Can]

    def may(self, can: Can) -> bool:
        """Whether one of the person's roles allows this."""
        return self.is_active and self.has_perm(can.permission)

    @property
    def display_name(self) -> str:
        """The name that colleagues read."""
        return self.get_full_name() or self.username
