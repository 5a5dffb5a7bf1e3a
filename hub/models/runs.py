"""Runs of jobs with their counters, log and findings."""

from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from hub.kinds import Kind
from hub.models.jobs import Job


class Run(models.Model):
    """One execution of a job, listed in the sync history (B10)."""

    class Scope(models.TextChoices):
        """Previews and comparisons write nothing to the platform and don't count as syncs."""

        FULL = "full", _("Full")
        PARTIAL = "partial", _("Incremental")
        PREVIEW = "preview", _("Preview")
        COMPARISON = "proof", _("Comparison")

    SYNCS = (Scope.FULL, Scope.PARTIAL)

    class Trigger(models.TextChoices):
        INSTALL = "install", _("Initial sync")
        BUTTON = "button", _("Manual")
        SCHEDULE = "schedule", _("Schedule")
        API = "api", _("API")
        EVENT = "event", _("Webhook")
        IMPORT = "import", _("After an import")

    class State(models.TextChoices):
        """States of a run."""

        QUEUED = "queued", _("Queued")
        PREPARING = "preparing", _("Preparing")
        PREPARED = "prepared", _("Ready to send")
        SENDING = "sending", _("Running")
        NEEDS_APPROVAL = "asking", _("Needs approval")
        DONE = "done", _("Succeeded")
        DONE_WITH_ERRORS = "done_with_errors", _("Completed with errors")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Canceled")

    OPEN = (State.QUEUED, State.PREPARING, State.PREPARED, State.SENDING, State.NEEDS_APPROVAL)

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="runs")
    scope = models.CharField(max_length=7, choices=Scope)
    trigger = models.CharField(max_length=10, choices=Trigger)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    resend = models.BooleanField(default=False, help_text=_("Send all items again, including unchanged ones."))
    after = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="follow_up_runs",
        help_text=_("The import that started this run."),
    )
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Where the next turn continues. Each phase defines its own format.
    cursor = models.JSONField(default=dict)
    total = models.PositiveIntegerField(null=True, help_text=_("Total number of items, once known."))
    # The transaction that decrements it to zero closes the run (D20).
    remaining = models.PositiveIntegerField(null=True, help_text=_("Items that have no outcome yet."))
    api_calls = models.PositiveIntegerField(_("API calls"), default=0)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text=_("Why the run failed, waits or was canceled, and how to fix it."))
    # RepeatedEvent name → how often it occurred in this run (hub/runlog.py).
    event_counts = models.JSONField(default=dict, db_column="met")

    class Meta:
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
        return f"{self.get_scope_display()} run {self.pk} of {self.job}"

    @property
    def is_open(self) -> bool:
        """Whether the run hasn't finished yet."""
        return self.state in self.OPEN

    @property
    def is_sync(self) -> bool:
        """Whether the run changes data, unlike previews and comparisons."""
        return self.scope in self.SYNCS


class RunCounter(models.Model):
    """Number of items per outcome for one kind in a run; for categories also per storefront (B10)."""

    class Outcome(StrEnum):
        """The counters, each with a column. Every item is also counted as read."""

        READ = "read"
        CREATED = "created"
        UPDATED = "updated"
        DISABLED = "disabled"
        REMOVED = "removed"
        UNCHANGED = "unchanged"
        SKIPPED = "skipped"
        FAILED = "failed"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="counters")
    kind = models.CharField(max_length=40, help_text=_("As in links, for example `product` or `category@2`."))
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    disabled = models.PositiveIntegerField(default=0, help_text=_("Hidden categories. They don't count as updated."))
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    logged_at = models.DateTimeField(
        null=True, db_column="told_at", help_text=_("When the run log last showed these numbers.")
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="hub_run_counter_once")]

    def __str__(self) -> str:
        return f"{self.kind} in run {self.run_id}"


class RunLogLine(models.Model):
    """A line of the log of a run, written while the run is in progress (B8)."""

    class Level(models.TextChoices):
        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=7, choices=Level, default=Level.INFO)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text


class RunItem(models.Model):
    """The result of a preview or comparison for one item. Items without changes or differences have no row."""

    class Verdict(models.TextChoices):
        # Preview: what a sync would do.
        CREATE = "create", _("Would be created")
        UPDATE = "update", _("Would be updated")
        DISABLE = "disable", _("Would be disabled")
        REMOVE = "remove", _("Would be removed")
        SKIP = "skip", _("Would be skipped with an issue")
        FAIL = "fail", _("Would fail")
        # Comparison: how the platform differs.
        MISSING = "missing", _("Missing on the platform")
        DIFFERENT = "different", _("Different on the platform")
        GONE = "gone", _("On the platform, but no longer synced")
        UNKNOWN = "unknown", _("On the platform, but not created by SyncCenter")

    # Differences that a repair can fix. Items on the platform that are not from the hub are left unchanged.
    REPAIRABLE = (Verdict.MISSING, Verdict.DIFFERENT, Verdict.GONE)

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items", db_index=False)
    verdict = models.CharField(max_length=9, choices=Verdict)
    kind = models.CharField(max_length=20, choices=Kind)
    item_id = models.BigIntegerField(_("item ID"), null=True, help_text=_("The item in SyncCenter, if it exists."))
    external_id = models.CharField(_("external ID"), max_length=200, blank=True)
    changes = models.JSONField(default=dict, help_text=_("Field → [current or last sent value, value to send]."))
    message = models.TextField(blank=True)
    found_at = models.DateTimeField(default=timezone.now, db_index=True)
    repaired_at = models.DateTimeField(null=True, blank=True, help_text=_("When a user had the item sent again."))

    class Meta:
        verbose_name = _("comparison result")
        indexes = [
            models.Index(fields=["run", "-id"], name="hub_runitem_of_run"),
            models.Index(fields=["run", "verdict", "-id"], name="hub_runitem_by_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id or self.external_id} {self.get_verdict_display()}"


class SeenExternalId(models.Model):
    """An ID that an open comparison has found on the platform. The others are then looked up one by one."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="seen_external_ids", db_index=False)
    external_id = models.CharField(max_length=200)

    class Meta:
        db_table = "hub_metid"
        constraints = [models.UniqueConstraint(fields=["run", "external_id"], name="hub_metid_once")]

    def __str__(self) -> str:
        return f"{self.external_id} in {self.run_id}"
