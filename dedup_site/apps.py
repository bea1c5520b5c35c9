"""The assembling app: makes the Celery application the default one and registers checks."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class SiteConfig(AppConfig):
    name = "dedup_site"

    def ready(self) -> None:
        # Uploads pass through it on their way to their place.
        settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
        import_module("dedup_site.celery")
        import_module("dedup_site.checks")
