"""Alerts, the channels that receive them, and their deliveries."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from hub.fields import EncryptedJSONField
from hub.models.jobs import Job


class Alert(models.Model):
    """A problem that is reported once when it starts and once when it is resolved (N12, F8).

    `key` identifies the problem. At most one alert per key is open at a time.
    """

    class Kind(models.TextChoices):
        FAILING = "failing", _("Sync failed")
        OVERDUE = "absent", _("Overdue: no recent successful run")
        ATTENTION = "attention", _("Needs action")
        UNREACHABLE = "unreachable", _("Platform not responding")
        DRIFT = "drift", _("Differences found")
        RESTING = "resting", _("Long wait")
        CLOCK = "clock", _("Clock differs")
        # Something that people want to know, and that needs no action: closed from the beginning.
        NOTICE = "notice", _("Notification")

    kind = models.CharField(max_length=12, choices=Kind)
    key = models.CharField(max_length=100)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, related_name="alerts")
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, related_name="alerts")
    message = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(resolved_at=None), name="hub_alert_one_open")
        ]

    def __str__(self) -> str:
        return self.message


class AlertChannel(models.Model):
    """An email address or a Slack-compatible incoming webhook. Without a seller, it receives all alerts."""

    class Medium(models.TextChoices):
        EMAIL = "email", _("Email")
        SLACK = "slack", _("Slack-compatible webhook")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_channels")
    medium = models.CharField(max_length=5, choices=Medium)
    address = EncryptedJSONField(help_text=_("Email address or webhook URL. Keep the URL secret."))
    label = models.CharField(_("channel name"), max_length=100, help_text=_("For example the name of the team."))
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.get_medium_display()}: {self.label}"


class AlertDelivery(models.Model):
    """A message to a channel about an alert, pending or sent: one when the alert starts, one when it is resolved."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="deliveries")
    is_resolution = models.BooleanField(default=False, db_column="over")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = _("alert deliveries")
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "is_resolution"], name="hub_alert_delivery_once")
        ]
        indexes = [models.Index(fields=["channel"], condition=Q(sent_at=None), name="hub_alert_delivery_owed")]

    def __str__(self) -> str:
        return f"{self.alert} to {self.channel}"
