"""State shared by workers: rate limits and heartbeats."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RateBudget(models.Model):
    """Token bucket of a vendor account, shared by all workers."""

    key = models.CharField(max_length=200, primary_key=True)
    tokens = models.FloatField()
    updated_at = models.DateTimeField(default=timezone.now)
    blocked_until = models.DateTimeField(null=True, help_text=_("The vendor accepts no requests before this time."))

    def __str__(self) -> str:
        return self.key


class Worker(models.Model):
    """A worker process that sent a heartbeat recently. One seller may use at most half of them."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    clock_ahead_seconds = models.FloatField(
        default=0, db_default=0, help_text=_("How far the machine's clock is ahead of the database's, in seconds.")
    )

    def __str__(self) -> str:
        return self.name
