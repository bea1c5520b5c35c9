from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "dedup_site.accounts"
    label = "accounts"

    def ready(self) -> None:
        from dedup_site.accounts import events

        post_migrate.connect(events.keep_roles, sender=self)
        events.connect()
