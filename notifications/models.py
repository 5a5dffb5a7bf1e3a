"""What each person is notified about, how, and which alerts somebody has acknowledged."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from hub.fields import EncryptedJSONField
from hub.models import Alert


class Preference(models.Model):
    """A person is notified about a kind of event. Without a row, they are not.

    `last_id` is the last issue or alert that was reported; `retry_at`, when a message that failed is sent again.
    """

    class Kind(models.TextChoices):
        ISSUES = "issues", _("New issues with items")
        FAILURES = "failures", _("Failed syncs, and platforms that don’t respond")
        ABSENCE = "absence", _("Syncs that are overdue")
        COPIES = "copies", _("Copies to staging, and backups")

    class When(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DAILY = "daily", _("Once a day")

    class Medium(models.TextChoices):
        EMAIL = "email", _("By email")
        CHAT = "chat", _("In a chat")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_preferences")
    kind = models.CharField(max_length=8, choices=Kind)
    when = models.CharField(max_length=7, choices=When)
    medium = models.CharField(max_length=5, choices=Medium)
    last_id = models.BigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="notifications_preference_once")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user}"


class ChatAddress(models.Model):
    """A person's Slack-compatible incoming webhook, which is a secret."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="chat_address")
    url = EncryptedJSONField()

    def __str__(self) -> str:
        return f"chat of {self.user}"


class Acknowledgement(models.Model):
    """Somebody has acknowledged an alert: daily digests no longer repeat it."""

    alert = models.OneToOneField(Alert, on_delete=models.CASCADE, primary_key=True, related_name="acknowledgement")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.alert} by {self.user}"
