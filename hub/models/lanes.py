"""Whose turn it is: a place in the round for each seller, a lane for what may not run side by side."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Seller
from hub.models.connections import Connection


class Share(models.Model):
    """A seller's place in the round of sellers; the row without a seller stands for platform-wide connections.

    `turn` is a ticket of the sequence `hub_turn`: the lowest ticket among the due is served next. `held` counts the
    lanes that are leased; `lane_turn` is the seller's own low-water mark: none of its due lanes has a lower ticket.
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
        return f"share of {self.seller or 'the platform'}"


class Lane(models.Model):
    """The working state of what may not run side by side: served by one worker at a time.

    A claim raises `epoch` and sets a lease; a settling transaction that does not find its epoch here writes
    nothing (N6). `batch_limit` is set after a crash and doubles with each batch that ends well.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="lanes")
    share = models.ForeignKey(Share, on_delete=models.PROTECT, related_name="lanes")
    name = models.CharField(max_length=40)
    shard = models.PositiveSmallIntegerField(default=0)
    due = models.BooleanField(default=False)
    turn = models.BigIntegerField(default=0)
    wake_at = models.DateTimeField(null=True, blank=True, help_text="When the earliest delayed change is ready.")
    paused = models.BooleanField(default=False)
    epoch = models.BigIntegerField(default=0)
    leased_by = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # The changes that the holder has in hand, so that its successor knows what killed it.
    batch = ArrayField(models.BigIntegerField(), default=list)
    batch_limit = models.PositiveIntegerField(null=True)
    crashes = models.PositiveIntegerField(default=0)
    # The breaker: after repeated failure nothing is called before `rest_until`, then one item probes.
    failures = models.PositiveIntegerField(default=0)
    rest_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name", "shard"], name="hub_lane_once")]
        # None names `lease_until`: a renewal writes in place, also under an old snapshot.
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
