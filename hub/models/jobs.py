"""What is to be done for a connection (`Job`, edited by people), and what the engine remembers of it (`JobState`)."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from hub.kinds import DataType, Direction, Kind
from hub.models.connections import Connection
from hub.schedules import validate_schedule


class Job(models.Model):
    """One connection × one kind of data × one direction: what a person configures."""

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
        help_text="When to read or compare everything: `1d`, `6h`, or a crontab such as `0 3 * * *`. Empty: by hand.",
    )
    by_size = models.BooleanField(
        default=False,
        help_text="The full schedule follows the size of the catalogue; setting one by hand ends that.",
    )
    partial_schedule = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text="Imports: when to read what changed since the cut date, for example `15m`.",
    )
    comparison_schedule = models.CharField(
        "comparison schedule",
        db_column="proof_schedule",
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text="Exports: when to compare with what the target really holds, for example `1w`. Empty: by hand.",
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Of crontab schedules.")
    filters = models.JSONField(
        default=dict,
        blank=True,
        help_text='Which items take part, as in {"brands": ["Acme"]}; empty: all. Lists: statuses, brands, types, '
        "categories (paths, with what lies below), groups, b2b_groups (enabled for B2B by an import of customers). "
        "True or false: b2b_only.",
    )
    lookback = models.DurationField(
        default=timedelta(minutes=2), help_text="How far before the cut date a partial import reads again."
    )
    # The lanes of this job in the order of their shards: an item's lane is its id modulo their number.
    lane_ids = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        ordering = ["connection", "direction", "data_type"]
        constraints = [models.UniqueConstraint(fields=["connection", "direction", "data_type"], name="hub_job_once")]
        indexes = [
            models.Index(fields=["item_kind"], condition=Q(direction="export", enabled=True), name="hub_job_listeners")
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.direction} {self.data_type}"

    @property
    def link_kind(self) -> str:
        """The kind of the links that remember what this job sent. Stock and prices go out apart from the variant that
        they belong to, so each has links, and with them hashes, of its own."""
        if self.item_kind == Kind.VARIANT:
            return f"{Kind.VARIANT}/{self.data_type}"
        return str(self.item_kind)


class JobState(models.Model):
    """What the engine remembers of a job: cut date, next times, last successes."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="state")
    cut_at = models.DateTimeField(null=True, help_text="Everything that changed at the source before this was read.")
    next_full_at = models.DateTimeField(null=True)
    next_partial_at = models.DateTimeField(null=True)
    next_comparison_at = models.DateTimeField(null=True, db_column="next_proof_at")
    last_update_at = models.DateTimeField(null=True, help_text="When an item last went through.")
    last_full_sync_at = models.DateTimeField(null=True, help_text="When the last full run ended well.")
    last_success_at = models.DateTimeField(null=True)
    config_hash = models.CharField(
        max_length=32, blank=True, help_text="Of the settings that the last full export was made with."
    )
    attention = models.TextField(blank=True, help_text="Why the job waits for a person; empty if it does not.")

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
