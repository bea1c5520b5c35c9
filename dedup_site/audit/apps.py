from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "dedup_site.audit"
    label = "audit"

    def ready(self) -> None:
        post_migrate.connect(_give_grants, sender=self)


def _give_grants(**_kwargs: Any) -> None:
    from dedup_site.audit import grants

    grants.give()
