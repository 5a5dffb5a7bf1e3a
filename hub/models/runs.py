"""Executions of jobs, as the activity register shows them: runs, their figures, their log, what they found."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from hub.kinds import Kind
from hub.models.jobs import Job


class Run(models.Model):
    """One execution of a job; the activity register is a list of these (B10)."""

    class Scope(models.TextChoices):
        """A preview and a proof only look: nothing is written at the target, and neither counts as a sync."""

        FULL = "full"
        PARTIAL = "partial"
        PREVIEW = "preview"
        COMPARISON = "proof", "comparison"

    SYNCS = (Scope.FULL, Scope.PARTIAL)

    class Trigger(models.TextChoices):
        INSTALL = "install"
        BUTTON = "button"
        SCHEDULE = "schedule"
        API = "api"
        EVENT = "event"
        IMPORT = "import", "after an import"

    # B11
    class State(models.TextChoices):
        """In the words that a person reads."""

        QUEUED = "queued", "waiting for a worker"
        PREPARING = "preparing", "preparing"
        PREPARED = "prepared", "prepared, nothing sent yet"
        SENDING = "sending", "running"
        NEEDS_APPROVAL = "asking", "waiting for your answer"
        DONE = "done", "ended well"
        DONE_WITH_ERRORS = "done_with_errors", "ended with some errors"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    OPEN = (State.QUEUED, State.PREPARING, State.PREPARED, State.SENDING, State.NEEDS_APPROVAL)

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="runs")
    scope = models.CharField(max_length=7, choices=Scope)
    trigger = models.CharField(max_length=10, choices=Trigger)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    resend = models.BooleanField(default=False, help_text="Send everything again, changed or not.")
    after = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="follow_up_runs",
        help_text="The import that began it.",
    )
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Where the next turn goes on; its shape is the phase's own business.
    cursor = models.JSONField(default=dict)
    total = models.PositiveIntegerField(null=True, help_text="Items in all, once known.")
    # D20: whoever brings it to zero ends the run.
    remaining = models.PositiveIntegerField(null=True, help_text="Items without a first outcome.")
    api_calls = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="Why it failed, waits or was cancelled, and what helps.")
    # How often it met what its log does not tell each time (hub/runlog.py).
    event_counts = models.JSONField(default=dict, db_column="met")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "scope"],
                condition=Q(state__in=["queued", "preparing", "prepared", "sending", "asking"]),
                name="hub_run_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["job", "-id"], name="hub_run_register"),
            models.Index(fields=["-created_at"], name="hub_run_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} run {self.pk} of {self.job}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_sync(self) -> bool:
        return self.scope in self.SYNCS


class RunCounter(models.Model):
    """How many items of one kind had which outcome in a run; categories for each storefront (B10)."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="counters")
    kind = models.CharField(max_length=40, help_text="As in links: `product`, `category@2`.")
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    disabled = models.PositiveIntegerField(
        default=0, help_text="Categories that were hidden; they are not updated ones."
    )
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    logged_at = models.DateTimeField(
        null=True, db_column="told_at", help_text="When the run's log last told these figures."
    )

    OUTCOMES = ("read", "created", "updated", "disabled", "removed", "unchanged", "skipped", "failed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="hub_run_counter_once")]

    def __str__(self) -> str:
        return f"{self.kind} in run {self.run_id}"


class RunLogLine(models.Model):
    """A line of a run's log, which grows while the run goes on (B8)."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=7, choices=Level, default=Level.INFO)
    text = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class RunItem(models.Model):
    """What a preview or a proof says about one item. What is as it should be has no row."""

    class Verdict(models.TextChoices):
        # Of a preview: what a sync would do.
        CREATE = "create", "would be created"
        UPDATE = "update", "would be changed"
        DISABLE = "disable", "would be disabled"
        REMOVE = "remove", "would be removed"
        SKIP = "skip", "would be skipped with an issue"
        FAIL = "fail", "would be set aside"
        # Of a proof: how the target differs.
        MISSING = "missing", "missing there"
        DIFFERENT = "different", "different there"
        GONE = "gone", "there, but no longer offered here"
        UNKNOWN = "unknown", "there, but not from here"

    # What a repair can mend; what the target has from elsewhere is not ours to take away.
    REPAIRABLE = (Verdict.MISSING, Verdict.DIFFERENT, Verdict.GONE)

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items", db_index=False)
    verdict = models.CharField(max_length=9, choices=Verdict)
    kind = models.CharField(max_length=20, choices=Kind)
    item_id = models.BigIntegerField(null=True, help_text="The local item, if there is one.")
    external_id = models.CharField(max_length=200, blank=True)
    changes = models.JSONField(default=dict, help_text="Field → what is there or was last sent, what would be sent.")
    message = models.TextField(blank=True)
    found_at = models.DateTimeField(default=timezone.now, db_index=True)
    repaired_at = models.DateTimeField(null=True, blank=True, help_text="When a person had it sent again.")

    class Meta:
        verbose_name = "checked item"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["run", "-id"], name="hub_runitem_of_run"),
            models.Index(fields=["run", "verdict", "-id"], name="hub_runitem_by_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id or self.external_id} {self.get_verdict_display()}"


class SeenExternalId(models.Model):
    """An id that the target named to an open proof, so that what it did not name can be asked for."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="seen_external_ids", db_index=False)
    external_id = models.CharField(max_length=200)

    class Meta:
        db_table = "hub_metid"
        constraints = [models.UniqueConstraint(fields=["run", "external_id"], name="hub_metid_once")]

    def __str__(self) -> str:
        return f"{self.external_id} in {self.run_id}"
