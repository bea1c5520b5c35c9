from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "dedup_site.audit"
    label = "audit"
