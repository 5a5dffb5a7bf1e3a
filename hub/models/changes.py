"""The queue of changes: which items have to be synced by which job."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hub.kinds import Kind
from hub.models.jobs import Job
from hub.models.lanes import Lane
from hub.models.runs import Run


class Change(models.Model):
    """A job has to sync an item. One row per (job, kind, item), without payload.

    Each enqueue gives the row a new `token`. A worker deletes a row only if its token is still the one it read, so
    changes made in the meantime are kept.
    """

    class State(models.TextChoices):
        READY = "ready", _("Ready")
        DELAYED = "delayed", _("Waiting for retry")
        HELD = "held", _("Needs review")

    class Priority(models.IntegerChoices):
        """The lower one goes first."""

        EVENT = 0, _("Event")
        FULL_RUN = 1, _("Full sync")

    class FailureKind(models.TextChoices):
        """Why a change is delayed or held."""

        UNAVAILABLE = "unavailable", _("Platform not available")
        QUEUED = "queued", _("Queued by the platform")
        REJECTED = "rejected", _("Rejected by the platform")
        ATTENTION = "attention", _("Needs action")
        ID_IN_USE = "id_in_use", _("ID in use")
        WORKER_LOST = "worker_lost", _("Worker lost")
        INTERNAL = "internal", _("Internal error")

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="changes")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="changes", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    item_id = models.BigIntegerField(_("item ID"))
    token = models.BigIntegerField()
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.EVENT)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="changes", db_index=False)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(
        null=True, help_text=_("When the creation of this item was first sent. It must not be sent twice.")
    )
    batch_limit = models.PositiveIntegerField(
        null=True, help_text=_("The largest batch that may contain this change, after a worker crashed on it.")
    )
    receipt_id = models.TextField(
        blank=True, db_default="", help_text=_("The target's ID of the request that it has queued.")
    )
    queued_hash = models.BinaryField(null=True, help_text=_("Hash of the payload that the target has queued."))
    failure_kind = models.CharField(
        _("failure"),
        max_length=20,
        choices=FailureKind,
        blank=True,
        db_default="",
        help_text=_("Why it waits for a retry or a review."),
    )
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "kind", "item_id"], name="hub_change_once")]
        indexes = [
            models.Index(fields=["lane", "priority", "token"], condition=Q(state="ready"), name="hub_change_ready"),
            models.Index(fields=["not_before"], condition=Q(state="delayed"), name="hub_change_delayed"),
            models.Index(fields=["run"], condition=Q(run__isnull=False), name="hub_change_of_run"),
            models.Index(fields=["job", "id"], condition=Q(state="held"), name="hub_change_held"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id} for {self.job}"
