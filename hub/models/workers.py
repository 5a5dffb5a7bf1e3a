"""What workers share with each other: rate budgets, and who is alive."""

from django.db import models
from django.utils import timezone


class RateBudget(models.Model):
    """A bucket of requests that all workers share, one per account at a vendor."""

    key = models.CharField(max_length=200, primary_key=True)
    tokens = models.FloatField()
    updated_at = models.DateTimeField(default=timezone.now)
    blocked_until = models.DateTimeField(null=True, help_text="The vendor said: not before.")

    def __str__(self) -> str:
        return self.key


class Worker(models.Model):
    """A worker process that was seen lately; half of their number is the most that one seller may hold."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
