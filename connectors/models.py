"""What the connectors keep for themselves: imports of search feeds, webhooks received and registered."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from connectors.sdk.tokens import TokenPair
from hub.fields import EncryptedJSONField
from hub.kinds import DataType, Direction
from hub.models import Connection, Job, Run


class FeedImport(models.Model):
    """One import into a search engine: atomic there, so it is tracked as a whole (F7–F15)."""

    class Mode(models.TextChoices):
        REPLACE = "replace", "replaces everything"
        CHANGE = "change", "changes what it names"

    class State(models.TextChoices):
        BUILDING = "building"
        SENDING = "sending", "sent, no answer yet"
        POLLING = "polling", "being processed there"
        SUCCESS = "success"
        REFUSED = "refused"
        HARMFUL = "harmful", "refused as harmful, waits for an operator"
        UNKNOWN = "unknown", "no answer: may still be running there"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="feed_imports")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="feed_imports")
    mode = models.CharField(max_length=7, choices=Mode)
    format = models.CharField(max_length=10, blank=True, help_text="Which of the vendor's formats its file is in.")
    state = models.CharField(max_length=8, choices=State, default=State.BUILDING)
    remote_id = models.CharField(max_length=100, blank=True)
    items = models.PositiveIntegerField(default=0)
    removals = models.PositiveIntegerField(default=0)
    file = models.CharField(max_length=300, blank=True, help_text="Name of the kept file below FEED_DIR.")
    answer = models.JSONField(default=dict, help_text="What the engine said, word for word.")
    forced_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job"],
                condition=models.Q(state__in=["building", "sending", "polling", "unknown"]),
                name="connectors_feed_import_one_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["job", "-id"], name="connectors_feed_by_job")]

    def __str__(self) -> str:
        return f"feed import {self.pk} ({self.mode})"


class FeedItem(models.Model):
    """A change that an import carries: only these leave the queue when it succeeds (F9)."""

    feed_import = models.ForeignKey(FeedImport, on_delete=models.CASCADE, related_name="carried", db_index=False)
    change_id = models.BigIntegerField()
    token = models.BigIntegerField()
    item_id = models.BigIntegerField()
    external_id = models.CharField(max_length=200)
    action = models.CharField(max_length=6)
    payload = models.JSONField(null=True)
    payload_hash = models.BinaryField(max_length=16, null=True)
    revision = models.BigIntegerField(null=True)
    warnings = models.JSONField(default=list, help_text="What people are told once it has gone out.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed_import", "item_id"], name="connectors_feed_item_once")]

    def __str__(self) -> str:
        return f"{self.external_id} in {self.feed_import_id}"


class FeedName(models.Model):
    """What the last import that named an id of an attribute called it (F4)."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="feed_names", db_index=False)
    attribute = models.TextField()
    value = models.TextField(help_text="The id.")
    name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "attribute", "value"], name="connectors_feed_name_once")]

    def __str__(self) -> str:
        return f"{self.attribute} {self.value}: {self.name}"


class WebhookEvent(models.Model):
    """An event as it came in. The table is partitioned by `day` (UTC), so that old days are dropped at once.

    `delivery_id` is the sender's own id of the delivery, or a hash of its content. `direction` and `data_type` say
    which job looks at it: that which imports what the event names, or that which exported what the event answers.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        IGNORED = "ignored", "ignored: nothing here listens to it"
        HELD = "held", "failed, waits for a person"

    day = models.DateField()
    received_at = models.DateTimeField()
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="webhook_events", db_constraint=False, db_index=False
    )
    delivery_id = models.CharField(max_length=200)
    scope = models.CharField(max_length=100, blank=True)
    direction = models.CharField(max_length=6, choices=Direction, blank=True)
    data_type = models.CharField(max_length=20, choices=DataType, blank=True)
    payload = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    deliveries = models.PositiveIntegerField(default=1, help_text="How often it came.")
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(
        default=0, help_text="How often in a row looking at it failed while it was alone."
    )
    processed_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("view_webhook_payload", "Can see personal data in the payloads of webhooks")]
        # Migration 0002 makes the table, its indexes and its partitions: Django has no words for these.

    def __str__(self) -> str:
        return f"{self.scope} {self.received_at:%Y-%m-%d %H:%M:%S}"


class WebhookRefusal(models.Model):
    """How many calls were refused on a day, and why."""

    day = models.DateField()
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="webhook_refusals")
    reason = models.CharField(max_length=60)
    number = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-day", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "connection", "reason"], nulls_distinct=False, name="connectors_refusal_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} × {self.reason} on {self.day}"


class WebhookSubscription(models.Model):
    """How a connection's webhooks stand at its platform, for those that let us register them."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="webhook_subscription"
    )
    check_at = models.DateTimeField(help_text="When to look again.")
    checked_at = models.DateTimeField(null=True)
    healthy = models.BooleanField(null=True, help_text="Empty: not looked at yet.")
    reason = models.TextField(blank=True, help_text="Why they could not be registered, and what helps.")
    renewed_at = models.DateTimeField(null=True, help_text="When hooks were last made, or made anew.")
    # Of a connection that was uninstalled: with what its hooks are taken away, and until when that is tried.
    credentials = EncryptedJSONField(null=True)
    give_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["check_at"], name="connectors_hooks_due")]

    def __str__(self) -> str:
        return f"webhooks of {self.connection}"


class OAuthTokens(models.Model):
    """The OAuth 2 tokens of a connection whose vendor issues refresh tokens.

    `tokens` holds `access_token` and `refresh_token`. While `state` is REFRESHING, the process that took `epoch` calls
    the vendor, until `lease_until` at the latest. RECONNECT: the refresh token may have been used, and a person has to
    authorize the connection again.
    """

    class State(models.TextChoices):
        VALID = "valid"
        REFRESHING = "refreshing"
        RECONNECT = "reconnect"

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="oauth_tokens"
    )
    tokens = EncryptedJSONField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.VALID)
    lease_until = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "OAuth tokens"

    def __str__(self) -> str:
        return f"OAuth tokens of {self.connection}"

    @property
    def pair(self) -> TokenPair:
        return TokenPair(self.tokens["access_token"], self.tokens["refresh_token"], self.expires_at)
