"""Backups, copies and copy schedules, as shown in the admin.

Backup and Copy rows are projections. The source of truth is the manifest of each archive and the journal of each copy,
which are stored outside the databases because a copy replaces one of them.
"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from hub.models import Connection
from hub.schedules import validate_schedule, validate_time_zone


class Backup(models.Model):
    """An archive of live's database, made by `pg_dump --format=directory` and stored in BACKUP_DIR."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        GOOD = "good", _("Verified")
        DAMAGED = "damaged", _("Damaged")
        FAILED = "failed", _("Failed")
        STORED = "stored", _("In object storage only")
        DELETED = "deleted", _("Deleted (retention expired)")

    class Origin(models.TextChoices):
        NIGHTLY = "nightly", _("Nightly")
        MANUAL = "manual", _("Manual")
        REGISTERED = "registered", _("Imported")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Folder name in BACKUP_DIR."))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    state = models.CharField(_("status"), max_length=8, choices=State, default=State.RUNNING)
    taken_at = models.DateTimeField(_("live as of"), help_text=_("The backup contains the data of live at this time."))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    verified_at = models.DateTimeField(_("verified at"), null=True)
    stored_at = models.DateTimeField(
        _("stored at"), null=True, help_text=_("When an encrypted copy was put into the object storage.")
    )
    rehearsed_at = models.DateTimeField(
        _("rehearsed at"), null=True, help_text=_("When it was last restored on trial, and all rows were counted.")
    )
    rehearsal_problem = models.TextField(
        _("problem of the rehearsal"),
        blank=True,
        default="",
        db_default="",
        help_text=_("Why its latest rehearsal failed; empty if that succeeded."),
    )
    size = models.BigIntegerField(_("size"), null=True, help_text=_("Bytes on disk."))
    rows = models.BigIntegerField(_("rows"), null=True)
    checksum = models.CharField(
        _("checksum"), max_length=64, blank=True, help_text=_("SHA-256 over the checksums of all files.")
    )
    problem = models.TextField(_("problem"), blank=True)

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        ordering = ["-taken_at"]
        indexes = [models.Index(fields=["state", "-taken_at"], name="staging_backup_latest")]

    def __str__(self) -> str:
        return self.name


class CopySchedule(models.Model):
    """A recurring copy (L2): a crontab in a time zone. `next_at` moves forward each time a copy is planned."""

    name = models.CharField(_("name"), max_length=100)
    crontab = models.CharField(_("crontab"), max_length=60, validators=[validate_schedule])
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    paused = models.BooleanField(_("paused"), default=False)
    next_at = models.DateTimeField(_("next copy"), null=True, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("copy schedule")
        verbose_name_plural = _("copy schedules")
        ordering = ["name"]
        indexes = [models.Index(fields=["next_at"], condition=models.Q(paused=False), name="staging_schedule_due")]

    def __str__(self) -> str:
        return self.name


class Copy(models.Model):
    """One live-to-staging copy (L1, L2): planned, running or finished."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RUNNING = "running", _("Running")
        CHECKING = "checking", _("Switched over, checking")
        ASKING = "asking", _("Needs your answer")
        UNCHECKED = "unchecked", _("Switched over, not verified")
        DONE = "done", _("Succeeded")
        FAILED = "failed", _("Failed")
        ROLLED_BACK = "rolled_back", _("Rolled back")
        CANCELLED = "cancelled", _("Canceled")

    class Action(models.TextChoices):
        CANCEL = "cancel", _("Cancel")
        YES = "yes", _("Delete missing items")
        NO = "no", _("Keep missing items")
        CHECK = "check", _("Check again")
        ROLL_BACK = "roll_back", _("Roll back, or undo a rollback")

    # The states in which staging is the database that the copy made.
    IN_PLACE = (State.ASKING, State.UNCHECKED, State.DONE)
    UNDER_WAY = (State.RUNNING, State.CHECKING)

    # Null until the copy starts if it should read the latest backup at that time.
    backup = models.ForeignKey(
        Backup, on_delete=models.PROTECT, null=True, blank=True, related_name="copies", verbose_name=_("backup")
    )
    schedule = models.ForeignKey(
        "CopySchedule",
        on_delete=models.SET_NULL,
        null=True,
        related_name="copies",
        editable=False,
        verbose_name=_("schedule"),
    )
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    state = models.CharField(_("status"), max_length=11, choices=State, default=State.PLANNED)
    not_before = models.DateTimeField(_("planned for"), default=timezone.now)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    journal = models.CharField(
        _("journal"), max_length=60, blank=True, help_text=_("Folder name in STAGING_COPY_JOURNAL_DIR.")
    )
    stage = models.CharField(_("stage"), max_length=20, blank=True)
    progress = models.JSONField(
        _("progress"), default=dict, help_text=_("Rows copied per table, then IDs checked per shop and kind.")
    )
    # Requested by a person and carried out by the copier, which holds the lock.
    requested_action = models.CharField(
        _("requested action"), max_length=9, choices=Action, blank=True, db_column="wish"
    )
    action_requested_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_column="wished_by_id",
        verbose_name=_("action requested by"),
    )
    question = models.JSONField(
        _("question"), default=list, help_text=_("The number of missing items per shop and kind, with the total.")
    )
    problem = models.TextField(_("problem"), blank=True)
    report = models.JSONField(_("report"), default=dict)

    class Meta:
        verbose_name = _("copy")
        verbose_name_plural = _("copies")
        ordering = ["-id"]
        permissions = (
            ("copy_to_staging", "Can back up live, copy it to staging, and roll that back"),
            ("view_samples", "Can view values of live next to their masked values on staging"),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="running"), name="staging_copy_one_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["not_before"], condition=models.Q(state="planned"), name="staging_copy_due")]

    def __str__(self) -> str:
        return f"copy {self.pk}"


class DryRun(models.Model):
    """A copy without its switchover: its database is dropped at its end, and staging is not changed.

    No kind of `Copy`, because a release that knows no dry runs would replace staging.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RUNNING = "running", _("Running")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Canceled")

    UNDER_WAY = (State.RUNNING,)

    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, related_name="dry_runs", verbose_name=_("backup"))
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    state = models.CharField(_("status"), max_length=9, choices=State, default=State.PLANNED)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    journal = models.CharField(
        _("journal"), max_length=60, blank=True, help_text=_("Folder name in STAGING_COPY_JOURNAL_DIR.")
    )
    stage = models.CharField(_("stage"), max_length=20, blank=True)
    progress = models.JSONField(_("progress"), default=dict, help_text=_("Rows copied per table."))
    problem = models.TextField(_("problem"), blank=True)
    report = models.JSONField(_("report"), default=dict)

    class Meta:
        verbose_name = _("dry run")
        verbose_name_plural = _("dry runs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"dry run {self.pk}"


class Finding(models.Model):
    """A shop's answer about an external ID. Rows exist only on staging and only during the check after a copy."""

    class Verdict(models.TextChoices):
        MISSING = "missing", _("Missing in the shop")
        CONTRADICTED = "contradicted", _("Not found, but listed by the shop")
        ONLY_IN_SHOP = "only", _("Only in the shop")
        KEPT = "kept", _("Missing in the shop, kept on request")

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
