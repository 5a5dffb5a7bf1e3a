"""Sync logs, issues, and sync status and timeline of items."""

from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller, User
from hub.kinds import DataType, Direction
from hub.models import Connection, Job


class SyncLog(models.Model):
    """Timestamps and issues of one data type of one integration (D16–D22).

    `integration` is the slug of a connection or the name that a platform uses when it reports through the API.
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="sync_logs")
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="sync_logs"
    )
    integration = models.CharField(max_length=80)
    data_type = models.CharField(max_length=20, choices=DataType)
    started_full_sync = models.DateTimeField(null=True, blank=True)
    last_full_sync = models.DateTimeField(null=True, blank=True)
    last_full_sync_succeeded = models.BooleanField(null=True, blank=True)
    last_update = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "integration", "data_type"], name="synclog_log_once"),
            models.UniqueConstraint(fields=["seller", "id"], name="synclog_log_of_seller"),
        ]

    def __str__(self) -> str:
        return f"{self.integration} {self.data_type}"


class RemoteLog(models.Model):
    """Replication state of a sync log whose target keeps its own log (D16–D21).

    `delivered_start` and `delivered_end` are the timestamps that the target has. A worker that pushes the log moves
    `next_attempt_at` forward and increments `epoch`, so that a worker that took too long is detected.
    """

    sync_log = models.OneToOneField(SyncLog, on_delete=models.CASCADE, primary_key=True, related_name="remote")
    delivered_start = models.DateTimeField(null=True, db_column="started_told")
    delivered_end = models.DateTimeField(null=True, db_column="ended_told")
    next_attempt_at = models.DateTimeField(default=timezone.now, db_column="look_at")
    epoch = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True, help_text=_("Why the last push failed. Empty if it succeeded."))

    def __str__(self) -> str:
        return f"{self.sync_log} at the target"


class PendingLogEntry(models.Model):
    """An item whose state must be pushed to the target's log. Its open issue is looked up at the time of the push.

    If the item is marked again in the meantime, `version` changes and the row is kept.
    """

    sync_log = models.ForeignKey(SyncLog, on_delete=models.CASCADE, related_name="pending_entries", db_index=False)
    external_id = models.CharField(max_length=200)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "synclog_untold"
        verbose_name_plural = _("pending log entries")
        constraints = [models.UniqueConstraint(fields=["sync_log", "external_id"], name="synclog_untold_once")]
        indexes = [models.Index(fields=["sync_log", "id"], name="synclog_untold_in_order")]

    def __str__(self) -> str:
        return self.external_id


class Issue(models.Model):
    """A problem with one item that a user can fix (D7). Open while `resolved_at` is null."""

    class Severity(models.TextChoices):
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Blocking")

    sync_log = models.ForeignKey(SyncLog, on_delete=models.CASCADE, related_name="issues", db_index=False)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="issues", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="issues")
    external_id = models.CharField(
        _("external ID"), max_length=200, help_text=_("With its kind, for example `variant:5`.")
    )
    kind = models.CharField(max_length=40, blank=True)
    item_id = models.BigIntegerField(_("item ID"), null=True, help_text=_("The item in SyncCenter, if it exists."))
    severity = models.CharField(max_length=7, choices=Severity, default=Severity.ERROR)
    code = models.CharField(max_length=60, blank=True)
    cause = models.CharField(
        max_length=80, blank=True, db_default="", help_text=_("Issues with the same cause are fixed in the same way.")
    )
    title = models.CharField(max_length=300, blank=True, help_text=_("The name of the item."))
    message = models.TextField(help_text=_("What is wrong. One line per problem."))
    fix = models.TextField(blank=True, db_column="mend", help_text=_("How and where to fix it."))
    link = models.CharField(max_length=1000, blank=True, help_text=_("Where to fix it on the platform."))
    occurrences = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text=_("When the problem last occurred."))
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    snoozed_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Not shown in the inbox before. In the year 9999: muted.")
    )
    assigned_to = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sync_log", "external_id"],
                condition=Q(resolved_at=None),
                name="synclog_issue_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["seller", "-seen_at"], condition=Q(resolved_at=None), name="synclog_issue_open"),
            models.Index(
                fields=["seller", "-seen_at"], condition=Q(resolved_at__isnull=False), name="synclog_issue_resolved"
            ),
            models.Index(
                fields=["seller", "cause", "-seen_at"], condition=Q(resolved_at=None), name="synclog_issue_by_cause"
            ),
            models.Index(
                fields=["seller", "cause", "kind", "item_id"],
                include=["id", "severity", "snoozed_until", "opened_at", "sync_log"],
                condition=Q(resolved_at=None),
                name="synclog_issue_counts",
            ),
            models.Index(fields=["kind", "item_id"], name="synclog_issue_of_item"),
            models.Index(fields=["sync_log", "-opened_at"], name="synclog_issue_of_log"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.message[:80]}"

    @property
    def is_of_export(self) -> bool:
        """Whether the item can be sent again to the target that had the problem."""
        return self.job is not None and self.job.direction == Direction.EXPORT and self.item_id is not None


class CauseState(models.Model):
    """What people decided about all issues of a seller with one cause, also about those that are still to come (I1)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    cause = models.CharField(max_length=80)
    snoozed_until = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "cause"], name="synclog_cause_once")]

    def __str__(self) -> str:
        return self.cause


class SavedView(models.Model):
    """Filters of the inbox that a person saved under a name, at one seller (I1)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    filters = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seller", "name"], name="synclog_savedview_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def query(self) -> str:
        return urlencode(sorted(self.filters.items()))


class ItemStatus(models.Model):
    """The sync status of an item in a job. Categories have one per storefront (B12)."""

    class State(models.TextChoices):
        SYNCED = "synced", _("Synced")
        SKIPPED = "skipped", _("Skipped")
        FAILED = "failed", _("Failed, retrying")
        HELD = "held", _("Needs action")
        REMOVED = "removed", _("Removed")
        PENDING = "pending", _("Pending")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="item_statuses", db_index=False)
    kind = models.CharField(max_length=40)
    item_id = models.BigIntegerField(_("item ID"))
    storefront = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State)
    message = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)
    run_id = models.BigIntegerField(_("run ID"), null=True)

    class Meta:
        verbose_name = _("sync status")
        verbose_name_plural = _("sync statuses")
        constraints = [
            models.UniqueConstraint(fields=["job", "kind", "item_id", "storefront"], name="synclog_status_once")
        ]
        indexes = [
            models.Index(fields=["kind", "item_id"], name="synclog_status_of_item"),
            models.Index(fields=["seller", "job", "state", "id"], name="synclog_status_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id} {self.state}"


class ItemEvent(models.Model):
    """An entry of an item's timeline: what a job changed, with values before and after (D21, N8)."""

    class Action(models.TextChoices):
        CREATED = "created", _("Created")
        UPDATED = "updated", _("Updated")
        REMOVED = "removed", _("Removed")
        QUEUED = "queued", _("Queued by the platform")
        SKIPPED = "skipped", _("Skipped")
        FAILED = "failed", _("Failed")
        PREVIEW = "preview", _("Computed in dry run")

    at = models.DateTimeField(default=timezone.now)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    run_id = models.BigIntegerField(_("run ID"), null=True)
    kind = models.CharField(max_length=40)
    item_id = models.BigIntegerField(_("item ID"))
    direction = models.CharField(max_length=6, choices=Direction)
    action = models.CharField(max_length=20, choices=Action)
    message = models.TextField(blank=True)
    changes = models.JSONField(default=dict, help_text=_("Field → [before, after]. Empty if values weren't compared."))

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline entries")
        indexes = [
            models.Index(fields=["kind", "item_id", "-id"], name="synclog_event_of_item"),
            models.Index(fields=["at"], name="synclog_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id} {self.action}"


class RejectedItem(models.Model):
    """An item of a source that was not imported as it was last received, with what was received (C8).

    Its issues have the same log and external ID. The row goes when the item is imported, or is no longer in the source.
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rejected_items", db_index=False)
    kind = models.CharField(max_length=40)
    external_id = models.CharField(_("external ID"), max_length=200)
    title = models.CharField(max_length=300, blank=True)
    keys = ArrayField(models.TextField(), default=list, help_text=_("IDs, SKUs and numbers, in upper case."))
    payload = models.JSONField(_("received data"), null=True)
    rejected_at = models.DateTimeField(default=timezone.now, help_text=_("When it was first rejected."))
    received_at = models.DateTimeField(default=timezone.now, help_text=_("When it was last received."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "kind", "external_id"], name="synclog_rejected_once")]
        indexes = [
            models.Index(fields=["seller", "-received_at"], name="synclog_rejected_recent"),
            models.Index(fields=["received_at"], name="synclog_rejected_age"),
            GinIndex(fields=["keys"], name="synclog_rejected_keys"),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.kind} {self.external_id}"
