"""Jobs, which people configure, and their state, which the engine maintains."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hub.kinds import DataType, Direction, Kind
from hub.models.connections import Connection
from hub.schedules import validate_schedule, validate_time_zone


class Job(models.Model):
    """One data type of one connection in one direction, with its schedules and filters."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="jobs")
    direction = models.CharField(max_length=6, choices=Direction)
    data_type = models.CharField(max_length=20, choices=DataType)
    item_kind = models.CharField(max_length=20, choices=Kind, editable=False)
    enabled = models.BooleanField(default=True)
    paused = models.BooleanField(default=False)
    full_schedule = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text=_(
            "When to run a full sync: an interval such as `1d` or `6h`, or a crontab such as `0 3 * * *`. "
            "Leave empty to run it manually."
        ),
    )
    by_size = models.BooleanField(
        _("automatic full schedule"),
        default=False,
        help_text=_("Adjusts the full schedule to the size of the catalog. Turned off when you set a schedule."),
    )
    partial_schedule = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text=_("Imports: when to run an incremental sync, for example `15m`."),
    )
    comparison_schedule = models.CharField(
        _("comparison schedule"),
        db_column="proof_schedule",
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text=_(
            "Exports: when to compare the platform's data with SyncCenter, for example `1w`. "
            "Leave empty to compare manually."
        ),
    )
    time_zone = models.CharField(
        max_length=60,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Time zone of crontab schedules."),
    )
    filters = models.JSONField(
        default=dict,
        blank=True,
        help_text=_(
            'Which items to sync, for example {"brands": ["Acme"]}. Leave empty to sync all. Lists: statuses, brands, '
            "types, categories (paths, subcategories included), groups, b2b_groups (groups that a customer import "
            "enables for B2B), stock_locations (codes). True or false: b2b_only. Number: stock_buffer (units that are "
            "kept back)."
        ),
    )
    lookback = models.DurationField(
        default=timedelta(minutes=2),
        help_text=_("Incremental imports start this long before the last import, so that no late change is missed."),
    )
    # Lane IDs by shard. An item's shard is its ID modulo the number of lanes.
    lane_ids = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "direction", "data_type"], name="hub_job_once")]
        indexes = [
            models.Index(fields=["item_kind"], condition=Q(direction="export", enabled=True), name="hub_job_listeners")
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.direction} {self.data_type}"

    @property
    def known_state(self) -> "JobState":
        """The job's state; an empty one, not saved, for a job that has not run yet."""
        return getattr(self, "state", None) or JobState(job=self)

    @property
    def link_kind(self) -> str:
        """The kind of this job's links. Stock and prices of a variant are sent separately, so each has its own links
        and hashes."""
        if self.item_kind == Kind.VARIANT:
            return f"{Kind.VARIANT}/{self.data_type}"
        return str(self.item_kind)


class JobState(models.Model):
    """State of a job: import position, next scheduled runs and last successes."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="state")
    cut_at = models.DateTimeField(
        _("imported up to"), null=True, help_text=_("All changes on the platform before this time were imported.")
    )
    next_full_at = models.DateTimeField(null=True)
    next_partial_at = models.DateTimeField(null=True)
    next_comparison_at = models.DateTimeField(null=True, db_column="next_proof_at")
    last_update_at = models.DateTimeField(null=True, help_text=_("When an item was last synced."))
    last_full_sync_at = models.DateTimeField(null=True, help_text=_("When a full sync last succeeded."))
    last_success_at = models.DateTimeField(null=True)
    config_hash = models.CharField(
        max_length=32, blank=True, help_text=_("Hash of the settings used by the last full export.")
    )
    source_clock_difference = models.FloatField(
        default=0,
        db_default=0,
        help_text=_("How far the platform’s clock was ahead of the database’s at the last import, in seconds."),
    )
    attention = models.TextField(blank=True, help_text=_("Why the job needs action. Empty if it doesn't."))

    class Meta:
        indexes = [
            models.Index(fields=["next_full_at"], condition=Q(next_full_at__isnull=False), name="hub_state_full"),
            models.Index(
                fields=["next_partial_at"],
                condition=Q(next_partial_at__isnull=False),
                name="hub_state_partial",
            ),
            models.Index(
                fields=["next_comparison_at"], condition=Q(next_comparison_at__isnull=False), name="hub_state_proof"
            ),
        ]

    def __str__(self) -> str:
        return f"state of {self.job}"
