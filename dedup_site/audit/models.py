"""The audit event: one append-only entry about anything that anybody did or saw."""

import uuid

from django.db import models

from dedup_site.audit.actions import ACTIONS
from dedup_site.audit.querysets import AuditEventQuerySet


class AuditEvent(models.Model):
    """`body` is the truth: the exact canonical JSON that the log will hash.

    The other columns repeat it for searching. What may have to be erased one day (names, notes,
    paths) stands in `detail`; the body holds only its salted digest. Rows refer to others by plain
    numbers, never by a foreign key, so that nothing that happens to them reaches the log.
    Postgres refuses UPDATE, DELETE and TRUNCATE.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    actor_id = models.BigIntegerField(null=True)
    library_id = models.BigIntegerField(null=True)
    target_type = models.CharField(max_length=64, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    request_id = models.UUIDField(null=True)
    body = models.TextField()
    detail = models.JSONField(default=dict)
    salt = models.BinaryField(max_length=16)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"]),
            models.Index(fields=["action", "at"]),
            models.Index(fields=["actor_id", "at"]),
            models.Index(fields=["library_id", "at"]),
            models.Index(fields=["target_type", "target_id"]),
            models.Index(fields=["request_id", "action", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"

    @property
    def action_label(self) -> str:
        """The action in words, in the reader's language."""
        return str(ACTIONS.get(self.action, self.action))

    @property
    def actor_name(self) -> str:
        """The actor's name as it was then; empty for the system itself."""
        return str(self.detail.get("actor", ""))

    @property
    def target_label(self) -> str:
        """What the action was about, as it was called then."""
        return str(self.detail.get("target", ""))
