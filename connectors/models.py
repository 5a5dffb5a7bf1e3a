"""Models of imports of search feeds, webhooks, OAuth 2 tokens, and of what connection tests found."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller, User
from connectors.sdk.assumptions import AssumptionState
from connectors.sdk.operations import Action
from connectors.sdk.tokens import TokenPair
from hub.fields import EncryptedJSONField
from hub.kinds import DataType, Direction
from hub.models import Connection, Job, Lane, Run


class FeedImport(models.Model):
    """One import into a search engine. It succeeds or fails as a whole, and is tracked as such (F7–F15).

    It contains the changes of all streams of its lane. `run` is the full run that it belongs to; of several, the
    oldest.
    """

    class Mode(models.TextChoices):
        REPLACE = "replace", _("Full replacement")
        CHANGE = "change", _("Incremental")

    class State(models.TextChoices):
        BUILDING = "building", _("Building")
        SENDING = "sending", _("Sending")
        POLLING = "polling", _("Processing")
        SUCCESS = "success", _("Succeeded")
        REJECTED = "refused", _("Rejected")
        HARMFUL = "harmful", _("Blocked: would delete too much. Needs approval")
        UNKNOWN = "unknown", _("No response, may still be running")

    OPEN = (State.BUILDING, State.SENDING, State.POLLING, State.UNKNOWN)

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="feed_imports", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="feed_imports")
    mode = models.CharField(max_length=7, choices=Mode)
    format = models.CharField(max_length=10, blank=True, help_text=_("The vendor's file format."))
    state = models.CharField(max_length=8, choices=State, default=State.BUILDING)
    remote_id = models.CharField(_("remote ID"), max_length=100, blank=True)
    items = models.PositiveIntegerField(default=0)
    removals = models.PositiveIntegerField(default=0)
    file = models.CharField(max_length=300, blank=True, help_text=_("Name of the file in FEED_DIR."))
    answer = models.JSONField(default=dict, help_text=_("The search engine's response."))
    forced_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lane"],
                condition=models.Q(state__in=["building", "sending", "polling", "unknown"]),
                name="connectors_feed_import_one_open",
            )
        ]
        indexes = [models.Index(fields=["lane", "-id"], name="connectors_feed_by_lane")]

    def __str__(self) -> str:
        return f"feed import {self.pk} ({self.mode})"

    @property
    def path(self) -> Path:
        """The file, gzipped as it was sent. It is kept until the import succeeds or its row is pruned."""
        return Path(settings.FEED_DIR) / self.file


class FeedItem(models.Model):
    """A change that is contained in an import: only these leave the queue when it succeeds (F9)."""

    feed_import = models.ForeignKey(FeedImport, on_delete=models.CASCADE, related_name="feed_items", db_index=False)
    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, help_text=_("Its stream.")
    )
    change_id = models.BigIntegerField()
    token = models.BigIntegerField()
    item_id = models.BigIntegerField()
    external_id = models.CharField(max_length=200)
    action = models.CharField(max_length=6, choices=[(action.value, action.name.capitalize()) for action in Action])
    payload = models.JSONField(null=True)
    payload_hash = models.BinaryField(max_length=16, null=True)
    revision = models.BigIntegerField(null=True)
    warnings = models.JSONField(default=list, help_text=_("Warnings to report when the import has succeeded."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed_import", "change_id"], name="connectors_feed_change_once")]

    def __str__(self) -> str:
        return f"{self.external_id} in {self.feed_import_id}"


class FeedName(models.Model):
    """The name that the last import gave to an ID of an attribute (F4)."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="feed_names", db_index=False)
    attribute = models.TextField()
    value = models.TextField(help_text=_("The ID that has the name."))
    name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "attribute", "value"], name="connectors_feed_name_once")]

    def __str__(self) -> str:
        return f"{self.attribute} {self.value}: {self.name}"


class WebhookEvent(models.Model):
    """A received event. The table is partitioned by `day` (UTC), so that old days can be dropped.

    `delivery_id` is the sender's ID of the delivery, or a hash of its content. `direction` and `data_type` name the job
    that processes it: the import of the items in the event, or the export whose request the event answers.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DONE = "done", _("Processed")
        IGNORED = "ignored", _("Ignored (no matching sync)")
        HELD = "held", _("Failed, needs action")

    day = models.DateField()
    received_at = models.DateTimeField()
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="webhook_events", db_constraint=False, db_index=False
    )
    delivery_id = models.CharField(_("delivery ID"), max_length=200)
    scope = models.CharField(max_length=100, blank=True)
    direction = models.CharField(max_length=6, choices=Direction, blank=True)
    data_type = models.CharField(max_length=20, choices=DataType, blank=True)
    payload = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    deliveries = models.PositiveIntegerField(default=1, help_text=_("How many times it was received."))
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0, help_text=_("Consecutive failures while it was processed alone."))
    processed_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        permissions = [("view_webhook_payload", "Can see personal data in the payloads of webhooks")]
        # Migration 0002 creates the table, its indexes and its partitions in SQL: Django does not support partitions.

    def __str__(self) -> str:
        return f"{self.scope} {self.received_at:%Y-%m-%d %H:%M:%S}"


class WebhookRefusal(models.Model):
    """The number of webhook calls rejected on a day, by reason."""

    day = models.DateField()
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="webhook_refusals")
    reason = models.CharField(max_length=60)
    number = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rejected webhook")
        verbose_name_plural = _("rejected webhooks")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "connection", "reason"], nulls_distinct=False, name="connectors_refusal_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} × {self.reason} on {self.day}"


class WebhookSubscription(models.Model):
    """The state of a connection's webhooks at its platform, if the platform lets us register them."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="webhook_subscription"
    )
    check_at = models.DateTimeField(help_text=_("Time of the next check."))
    checked_at = models.DateTimeField(null=True)
    healthy = models.BooleanField(null=True, help_text=_("Empty: not checked yet."))
    reason = models.TextField(blank=True, help_text=_("Why registration failed, and how to fix it."))
    renewed_at = models.DateTimeField(null=True, help_text=_("When webhooks were last created or renewed."))
    # After uninstalling: credentials for removing the webhooks, and until when that is attempted.
    credentials = EncryptedJSONField(null=True)
    give_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["check_at"], name="connectors_hooks_due")]

    def __str__(self) -> str:
        return f"webhooks of {self.connection}"


class OAuthTokens(models.Model):
    """The OAuth 2 tokens of a connection whose vendor issues refresh tokens.

    `tokens` holds `access_token` and `refresh_token`. While `state` is REFRESHING, the process that owns `epoch` calls
    the vendor, until `lease_until` at the latest. RECONNECT: the refresh token may have been used, and a person has to
    authorize the connection again.
    """

    class State(models.TextChoices):
        VALID = "valid", _("Valid")
        REFRESHING = "refreshing", _("Refreshing")
        RECONNECT = "reconnect", _("Reconnection required")

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="oauth_tokens"
    )
    tokens = EncryptedJSONField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.VALID)
    lease_until = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("OAuth tokens")
        verbose_name_plural = _("OAuth tokens")

    def __str__(self) -> str:
        return f"OAuth tokens of {self.connection}"

    @property
    def pair(self) -> TokenPair:
        return TokenPair(self.tokens["access_token"], self.tokens["refresh_token"], self.expires_at)


class InstallationRequest(models.Model):
    """A person who was sent to a vendor's consent page, to install our app in an account.

    The state in the URL and the session are kept as digests only. `connection`: it is authorized again; None: a new one
    of `seller` is created.
    """

    state_digest = models.CharField(max_length=64, unique=True)
    session_digest = models.CharField(max_length=64)
    platform = models.CharField(max_length=40)
    account_url = models.URLField()
    name = models.CharField(max_length=100)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"installation of {self.platform} at {self.account_url}"


class AssumptionResult(models.Model):
    """What the latest connection test found about an assumption of the adapter (V6)."""

    class State(models.TextChoices):
        CONFIRMED = AssumptionState.CONFIRMED.value, _("Confirmed")
        REFUTED = AssumptionState.REFUTED.value, _("Refuted")
        UNKNOWN = AssumptionState.UNKNOWN.value, _("Unknown")

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="assumption_results", db_index=False
    )
    key = models.CharField(max_length=60)
    state = models.CharField(max_length=9, choices=State)
    evidence = models.TextField()
    settings = models.JSONField(default=dict, help_text=_("Settings that a refuted assumption calls for."))
    tested_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="connectors_assumption_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.connection}: {self.state}"


class StorefrontCheckout(models.Model):
    """A cart of a B2B storefront that was completed: which cart of the shop it became, and what came of it.

    `cart_id` is the storefront's ID of the cart. The row exists before the order, so that a repeated call finds it.
    """

    storefront = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    cart_id = models.UUIDField()
    shop_cart = models.CharField(max_length=100)
    order_id = models.CharField(_("external ID of the order"), max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "cart_id"], name="connectors_checkout_once")]
        indexes = [models.Index(fields=["shop_cart"], name="connectors_checkout_shop_cart")]

    def __str__(self) -> str:
        return f"cart {self.cart_id}"
