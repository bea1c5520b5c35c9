"""Action plans: what should happen to confirmed duplicates, who agreed, and what was done."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from review.models.decisions import Decision
from review.plans.querysets import ActionPlanQuerySet, ActionRuleQuerySet, PlanItemQuerySet
from scanning.models import Library, SourceFile


class ActionRule(models.Model):
    """What plans may do in a library, and which copy they keep: one version, append-only.

    `keep_order` are codes of criteria (`review.keeping`), the first one that tells files apart
    decides; record status comes before all of them. Without a rule a plan is a to-do list only.
    """

    class Replacement(models.TextChoices):
        POINTER = "pointer", _("a small pointer record")
        SYMLINK = "symlink", _("a relative symbolic link")

    library = models.ForeignKey(Library, models.PROTECT, related_name="action_rules")
    number = models.PositiveIntegerField()
    may_act = models.BooleanField(_("plans may move and delete files"), default=False)
    replacement = models.CharField(
        _("what stands in for a replaced file"),
        max_length=7,
        choices=Replacement,
        default=Replacement.POINTER,
    )
    cooling_off_days = models.PositiveIntegerField(
        _("days in quarantine"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    keep_order = ArrayField(models.CharField(max_length=32), default=list)
    reason = models.TextField(_("reason for the change"), max_length=2000, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    objects = ActionRuleQuerySet.as_manager()

    class Meta:
        ordering = ["library", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["library", "number"], name="action_rule_version_once"),
            models.CheckConstraint(
                name="action_rule_cools_off", condition=models.Q(cooling_off_days__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library} ({self.number})"


class ActionPlan(models.Model):
    """What should happen to confirmed duplicates of one library: made by one, approved by another.

    From the proposal on Postgres refuses changes of what it says. `digest` (SHA-256, hex) stands
    for its items, contents, keepers, decisions, rules and holds; whoever approves binds to it.
    """

    class Action(models.TextChoices):
        DELETE = "delete", _("Quarantine, then delete")
        POINTER = "pointer", _("Replace by a pointer record")
        SYMLINK = "symlink", _("Replace by a symbolic link")
        TO_DO = "to_do", _("To-do list (nothing is done here)")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PROPOSED = "proposed", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        EXECUTING = "executing", _("Being carried out")
        DONE = "done", _("Carried out")
        VOID = "void", _("Void")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    library = models.ForeignKey(Library, models.PROTECT, related_name="plans")
    action = models.CharField(_("what happens"), max_length=7, choices=Action)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    rule = models.ForeignKey(ActionRule, models.PROTECT, null=True, related_name="plans")
    keep_order = ArrayField(models.CharField(max_length=32), default=list)
    cooling_off_days = models.PositiveIntegerField(default=30)
    price_per_gb_month = models.DecimalField(
        max_digits=8, decimal_places=3, default=Decimal("0.000")
    )
    # Which duplicates were looked at: {"tiers": […], "folder": "…"}.
    narrowed = models.JSONField(default=dict)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    rules_digest = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    acting_count = models.PositiveIntegerField(default=0)
    acting_bytes = models.PositiveBigIntegerField(default=0)
    blocked_count = models.PositiveIntegerField(default=0)
    blocked_bytes = models.PositiveBigIntegerField(default=0)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="plans")
    made_at = models.DateTimeField(auto_now_add=True)
    proposed_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # Why it is void, in the words of then: [{"code", "words"}].
    void_reasons = models.JSONField(default=list)

    objects = ActionPlanQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="plan_is_approved_by_another",
                condition=models.Q(approved_by__isnull=True)
                | ~models.Q(approved_by=models.F("made_by")),
            ),
            models.CheckConstraint(
                name="plan_is_approved_before_it_is_carried_out",
                condition=~models.Q(state__in=["approved", "executing", "done"])
                | models.Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_is_proposed_with_a_digest",
                condition=models.Q(state__in=["draft", "withdrawn"])
                | ~models.Q(digest="") & models.Q(proposed_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["library", "-id"]), models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"{self.pk}"


class PlanAnswer(models.Model):
    """Somebody's answer to a proposed plan, bound to the digest that they were shown.

    Append-only. Postgres refuses an approval by the maker, or by anybody who judged a pair of it.
    """

    plan = models.OneToOneField(ActionPlan, models.PROTECT, related_name="answer")
    is_approved = models.BooleanField()
    digest = models.CharField(max_length=64)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(max_length=2000, blank=True)

    def __str__(self) -> str:
        return str(self.plan)


class PlanItem(models.Model):
    """One file of a plan: what is to happen to it, for which keeper, and how far that has come.

    Everything but the execution columns is fixed at the insert. A file is acted upon by one plan
    at a time, and a keeper stays: Postgres refuses both.
    """

    class Fate(models.TextChoices):
        ACT = "act", _("Acted upon")
        BLOCKED = "blocked", _("Blocked")
        STAYS = "stays", _("Stays")

    class State(models.TextChoices):
        NONE = "none", _("Nothing happens")
        DRAFT = "draft", _("Draft")
        PLANNED = "planned", _("Planned")
        MOVING = "moving", _("Being moved")
        QUARANTINED = "quarantined", _("In quarantine")
        PURGING = "purging", _("Being deleted")
        PURGED = "purged", _("Deleted")
        RESTORING = "restoring", _("Being restored")
        RESTORED = "restored", _("Restored")
        SKIPPED = "skipped", _("Skipped")
        FAILED = "failed", _("Failed")
        DROPPED = "dropped", _("Dropped with its plan")

    # In these the file is, or may be, under way: no other plan may take it.
    LIVE = (State.PLANNED, State.MOVING, State.QUARANTINED, State.PURGING, State.RESTORING)
    # In these, and for good once the file is deleted, the keeper stays.
    BINDING = (*LIVE, State.PURGED, State.FAILED)

    plan = models.ForeignKey(ActionPlan, models.PROTECT, related_name="items")
    fate = models.CharField(max_length=7, choices=Fate)
    # Of a file that is not acted upon: [{"code", "words"}], the strongest first.
    reasons = models.JSONField(default=list)
    source_file = models.ForeignKey(SourceFile, models.PROTECT, related_name="plan_items")
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveBigIntegerField()
    inode = models.DecimalField(max_digits=20, decimal_places=0)
    modified_ns = models.BigIntegerField()
    changed_ns = models.BigIntegerField()
    keeper = models.ForeignKey(SourceFile, models.PROTECT, null=True, related_name="keeps")
    keeper_sha256 = models.BinaryField(max_length=32, null=True)
    keeper_size = models.PositiveBigIntegerField(null=True)
    # The criterion (`review.keeping`) that chose the keeper over this file.
    kept_for = models.CharField(max_length=32, blank=True)
    # The decision in force that says that file and keeper are duplicates.
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="plan_items")

    # What follows is the executor's.
    state = models.CharField(max_length=11, choices=State, default=State.DRAFT)
    token = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    quarantine_path = models.TextField(blank=True)
    quarantined_at = models.DateTimeField(null=True)
    purge_after = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=32, blank=True)

    objects = PlanItemQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "source_file"], name="item_once_per_plan"),
            models.UniqueConstraint(
                fields=["source_file"],
                condition=models.Q(
                    state__in=["planned", "moving", "quarantined", "purging", "restoring"]
                ),
                name="one_live_item_per_file",
            ),
            models.CheckConstraint(
                name="item_is_not_its_own_keeper",
                condition=models.Q(keeper__isnull=True) | ~models.Q(keeper=models.F("source_file")),
            ),
            models.CheckConstraint(
                name="item_acts_with_keeper_and_decision",
                condition=~models.Q(fate="act")
                | models.Q(
                    keeper__isnull=False,
                    keeper_sha256__isnull=False,
                    keeper_size__isnull=False,
                    decision__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="item_only_acts_where_its_fate_is_to",
                condition=models.Q(fate="act") & ~models.Q(state="none")
                | ~models.Q(fate="act") & models.Q(state="none"),
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "fate", "id"]),
            models.Index(fields=["state", "lease_until"], name="item_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.source_file)


class PlanStep(models.Model):
    """One step of the execution of an item: the intent before, the result after. Append-only."""

    class Phase(models.TextChoices):
        INTENT = "intent", _("Intent")
        RESULT = "result", _("Result")

    item = models.ForeignKey(PlanItem, models.PROTECT, related_name="steps")
    token = models.PositiveIntegerField()
    step = models.CharField(max_length=32)
    phase = models.CharField(max_length=6, choices=Phase)
    # Of a result: whether it went well; otherwise `problem` is its code.
    is_ok = models.BooleanField(null=True)
    problem = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="step_result_says_how_it_went",
                condition=models.Q(phase="intent", is_ok__isnull=True)
                | models.Q(phase="result", is_ok__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} ({self.phase})"


class Certificate(models.Model):
    """What was done to a file, or what is to be done by hand (of a whole plan). Append-only.

    `body` are the exact bytes (canonical JSON) of which `sha256` (hex) is the digest.
    """

    class Kind(models.TextChoices):
        TO_DO = "to_do", _("To-do list")
        QUARANTINED = "quarantined", _("Moved into quarantine")
        PURGED = "purged", _("Deleted")
        RESTORED = "restored", _("Restored")

    plan = models.ForeignKey(ActionPlan, models.PROTECT, related_name="certificates")
    item = models.ForeignKey(PlanItem, models.PROTECT, null=True, related_name="certificates")
    kind = models.CharField(max_length=11, choices=Kind)
    body = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "item", "kind"], nulls_distinct=False, name="certificate_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.plan}"
