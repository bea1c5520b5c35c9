"""The audit event (one append-only entry about anything that anybody did or saw) and its log."""

import uuid

from django.db import models

from dedup_site.audit.actions import ACTIONS
from dedup_site.audit.querysets import AuditEventQuerySet
from dedup_site.audit.refusals import REFUSALS


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


class LogEntry(models.Model):
    """An event's place in the log, given once by the sequencer. The leaf is its body's hash.

    The five tables of the log are append-only, and only the sequencer writes them.
    """

    leaf_index = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    leaf_hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"entry {self.leaf_index}"


class LogSubtree(models.Model):
    """The root of a complete subtree of 256 ** level entries; see merkle.py."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="log_subtree_once")]

    def __str__(self) -> str:
        return f"subtree {self.level}/{self.number}"


class LogBatch(models.Model):
    """How far the sequencer has come: every event up to this transaction and id has its entry."""

    size = models.BigIntegerField()
    last_xid = models.BigIntegerField()
    last_event = models.BigIntegerField()
    # Transaction ids mean something in one database cluster only.
    cluster = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.size} entries"


class LogCheckpoint(models.Model):
    """A signed statement about the log: so many entries have this root."""

    origin = models.TextField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["origin", "size"])]

    def __str__(self) -> str:
        return f"{self.origin}: {self.size} entries"

    @property
    def root_text(self) -> str:
        """The root as the signed note spells it."""
        return self.note.split("\n")[2]


class LogKey(models.Model):
    """A public key that signed checkpoints from some time on. None is ever forgotten."""

    key = models.TextField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class LogIncident(models.Model):
    """The sequencer refuses to go on, or (with no code) goes on again. The last row counts."""

    code = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.code or "resolved"

    @property
    def text(self) -> str:
        """What is wrong and what to do, in the reader's language."""
        text: str = str(REFUSALS.get(self.code, self.code)) % self.detail
        return text


class LogPublication(models.Model):
    """One try to bring a checkpoint to a second place; with an error if it failed."""

    place = models.TextField()
    size = models.BigIntegerField()
    error = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["place", "-id"])]

    def __str__(self) -> str:
        return f"{self.place}: {self.size} entries"
