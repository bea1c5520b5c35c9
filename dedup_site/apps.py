"""The assembling app: makes the Celery application the default one and registers checks."""

from importlib import import_module

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "dedup_site"

    def ready(self) -> None:
        import_module("dedup_site.celery")
        import_module("dedup_site.checks")
