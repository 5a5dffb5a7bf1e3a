"""Backups and copies, as far as pages and schedules need them.

Both are projections: the truth is a manifest beside each archive and a journal for each copy, which lie outside the
databases, because a copy replaces one of those.
"""

from django.db import models
from django.utils import timezone

from accounts.models import User
from hub.models import Connection
from hub.schedules import validate_schedule, validate_time_zone


class Backup(models.Model):
    """An archive of live's database: a directory of `pg_dump --format=directory` below BACKUP_DIR."""

    class State(models.TextChoices):
        RUNNING = "running"
        GOOD = "good", "verified"
        DAMAGED = "damaged"
        FAILED = "failed"
        DELETED = "deleted", "deleted after its time"

    class Origin(models.TextChoices):
        NIGHTLY = "nightly"
        MANUAL = "manual", "by hand"
        REGISTERED = "registered", "made elsewhere"

    name = models.CharField(max_length=100, unique=True, help_text="The folder below BACKUP_DIR.")
    origin = models.CharField(max_length=10, choices=Origin)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    taken_at = models.DateTimeField(help_text="What live held at this time is in it.")
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(null=True, help_text="Bytes on disk.")
    rows = models.BigIntegerField(null=True)
    checksum = models.CharField(max_length=64, blank=True, help_text="SHA-256 over the files' checksums.")
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-taken_at"]
        indexes = [models.Index(fields=["state", "-taken_at"], name="staging_backup_latest")]

    def __str__(self) -> str:
        return self.name


class CopySchedule(models.Model):
    """Copies that repeat (L2): a crontab in a time zone. `next_at` is advanced by whoever fires it."""

    name = models.CharField(max_length=100)
    crontab = models.CharField(max_length=60, validators=[validate_schedule])
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_time_zone])
    paused = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["next_at"], condition=models.Q(paused=False), name="staging_schedule_due")]

    def __str__(self) -> str:
        return self.name


class Copy(models.Model):
    """One live-to-staging copy (L1, L2): planned, running or over."""

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        RUNNING = "running", "running"
        CHECKING = "checking", "in place, being checked"
        ASKING = "asking", "waits for your answer"
        UNCHECKED = "unchecked", "in place, but not checked: its sync is frozen"
        DONE = "done", "ended well"
        FAILED = "failed", "failed, staging is as it was"
        ROLLED_BACK = "rolled_back", "rolled back"
        CANCELLED = "cancelled", "cancelled"

    class Action(models.TextChoices):
        CANCEL = "cancel"
        YES = "yes", "delete what is missing"
        NO = "no", "keep what is missing"
        CHECK = "check", "check again"
        ROLL_BACK = "roll_back", "roll back, or put in place again"

    # Those in which staging is what the copy made of it.
    IN_PLACE = (State.ASKING, State.UNCHECKED, State.DONE)

    # Empty until it begins, if it is to read whichever is the latest then.
    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, null=True, blank=True, related_name="copies")
    schedule = models.ForeignKey(
        "CopySchedule", on_delete=models.SET_NULL, null=True, related_name="copies", editable=False
    )
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=11, choices=State, default=State.PLANNED)
    not_before = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    journal = models.CharField(max_length=60, blank=True, help_text="The folder below STAGING_COPY_JOURNAL_DIR.")
    stage = models.CharField(max_length=20, blank=True)
    progress = models.JSONField(default=dict, help_text="Table → rows carried over; shop and kind → ids looked up.")
    # What a person wants next; whoever holds the copier's lock carries it out.
    requested_action = models.CharField(max_length=9, choices=Action, blank=True, db_column="wish")
    action_requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_column="wished_by_id"
    )
    question = models.JSONField(default=list, help_text="What is missing in which shop, of how many.")
    problem = models.TextField(blank=True)
    report = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "copies"
        ordering = ["-id"]
        permissions = (("copy_to_staging", "Can back up live, copy it to staging, and roll that back"),)
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="running"), name="staging_copy_one_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["not_before"], condition=models.Q(state="planned"), name="staging_copy_due")]

    def __str__(self) -> str:
        return f"copy {self.pk}"


class Finding(models.Model):
    """On staging, while the check after a copy goes on: what a shop said about an id. Empty before and after."""

    class Verdict(models.TextChoices):
        MISSING = "missing", "the shop does not have it"
        CONTRADICTED = "contradicted", "not found, but listed"
        ONLY_IN_SHOP = "only", "staging does not know it"
        KEPT = "kept", "missing, and kept by a person's answer"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    item_id = models.BigIntegerField(null=True)
    verdict = models.CharField(max_length=12, choices=Verdict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="staging_finding_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}: {self.verdict}"
