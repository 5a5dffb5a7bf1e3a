"""Scheduling state: a share per seller, and a lane for work that must not run concurrently."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from hub.models.connections import Connection


class Share(models.Model):
    """A seller's place in the round-robin of sellers. The row without a seller is for installation-wide connections.

    `turn` is a ticket from the sequence `hub_turn`: the due share with the lowest ticket is served next. `held` counts
    leased lanes (of changes, the word means something else). `lane_turn` is the share's low-water mark: none of its due
    lanes has a lower ticket.
    """

    seller = models.OneToOneField(Seller, on_delete=models.CASCADE, null=True, related_name="share")
    due = models.BooleanField(default=False)
    turn = models.BigIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    lane_turn = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["turn"], condition=Q(due=True), name="hub_share_due")]
        constraints = [models.UniqueConstraint(fields=["seller"], nulls_distinct=False, name="hub_share_once")]

    def __str__(self) -> str:
        return f"share of {self.seller or 'the installation'}"


class Lane(models.Model):
    """State of a lane: its work is processed by one worker at a time.

    A claim increments `epoch` and sets a lease. A worker whose epoch is outdated can't commit (N6). `batch_limit` is
    set after a crash and doubles with each batch that succeeds.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="lanes")
    share = models.ForeignKey(Share, on_delete=models.PROTECT, related_name="lanes")
    name = models.CharField(max_length=40)
    shard = models.PositiveSmallIntegerField(default=0)
    due = models.BooleanField(default=False)
    turn = models.BigIntegerField(default=0)
    wake_at = models.DateTimeField(null=True, blank=True, help_text=_("When the earliest delayed change is ready."))
    paused = models.BooleanField(default=False)
    epoch = models.BigIntegerField(default=0)
    leased_by = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # IDs of the changes being processed, so that the next worker knows what its predecessor crashed on.
    batch = ArrayField(models.BigIntegerField(), default=list)
    batch_limit = models.PositiveIntegerField(null=True)
    crashes = models.PositiveIntegerField(default=0)
    # Circuit breaker: after repeated failures no calls are made until `rest_until`, then one item is tried.
    failures = models.PositiveIntegerField(default=0)
    rest_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name", "shard"], name="hub_lane_once")]
        # No index contains `lease_until`, so that renewals are heap-only (HOT) updates.
        indexes = [
            models.Index(
                fields=["share", "turn"],
                condition=Q(due=True, paused=False, leased_by=""),
                name="hub_lane_due",
            ),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="hub_lane_wake"),
            models.Index(fields=["share"], condition=~Q(leased_by=""), name="hub_lane_leased"),
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.name}" + (f" #{self.shard}" if self.shard else "")
