"""Who is told of what, when something begins to fail and when it is over."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Seller
from hub.fields import EncryptedJSONField
from hub.models.jobs import Job


class Alert(models.Model):
    """Something that somebody should be told of: once when it begins, once when it is over (N12, F8).

    `key` names what it is about; one alert per key is open at a time, however often it is met.
    """

    class Kind(models.TextChoices):
        FAILING = "failing", "a job failed"
        OVERDUE = "absent", "a job has not succeeded for longer than it should"
        ATTENTION = "attention", "a job waits for a person"
        UNREACHABLE = "unreachable", "a platform takes no calls"
        DRIFT = "drift", "a target differs from what it should hold"

    kind = models.CharField(max_length=12, choices=Kind)
    key = models.CharField(max_length=100)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, related_name="alerts")
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, related_name="alerts")
    message = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(resolved_at=None), name="hub_alert_one_open")
        ]

    def __str__(self) -> str:
        return self.message


class AlertChannel(models.Model):
    """Who is told: by e-mail, or in a chat that takes Slack's incoming webhooks. Without a seller: of everything."""

    class Medium(models.TextChoices):
        EMAIL = "email", "e-mail"
        SLACK = "slack", "Slack-compatible webhook"

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_channels")
    medium = models.CharField(max_length=5, choices=Medium)
    address = EncryptedJSONField(help_text="An e-mail address, or the webhook's address, which is a secret.")
    label = models.CharField(max_length=100, help_text="How people call it: the channel's or the team's name.")
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.get_medium_display()}: {self.label}"


class AlertDelivery(models.Model):
    """A message about an alert that a channel is owed or has had: a row per alert, channel and end (begun, over)."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="deliveries")
    is_resolution = models.BooleanField(default=False, db_column="over")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "alert deliveries"
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "is_resolution"], name="hub_alert_delivery_once")
        ]
        indexes = [models.Index(fields=["channel"], condition=Q(sent_at=None), name="hub_alert_delivery_owed")]

    def __str__(self) -> str:
        return f"{self.alert} to {self.channel}"
