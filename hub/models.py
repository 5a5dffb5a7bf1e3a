"""Connections and what is to be done for them.

Configuration (`Connection`, `Job`) is edited by people; working state (`JobState`, `Lane`, `Share`, `Run`, `Change`,
`Link`) is written by services alone. docs/engine.md tells how they play together.
"""

import secrets
from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Seller, User
from hub.fields import EncryptedJSONField
from hub.kinds import DataType, Direction, Kind, Role
from hub.schedules import validate_schedule


def new_token() -> str:
    """A random token for a webhook address: 192 bits, safe in a URL."""
    return secrets.token_urlsafe(24)


class Connection(models.Model):
    """One account on a platform, of one seller or (seller empty) of the whole installation."""

    class State(models.TextChoices):
        NEW = "new", "never verified"
        ACTIVE = "active"
        NEEDS_ATTENTION = "needs_attention", "needs attention"
        UNINSTALLED = "uninstalled"

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, null=True, blank=True, related_name="connections")
    slug = models.SlugField(max_length=80, unique=True, help_text="Never changes: staging finds its own rows by it.")
    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=40)
    role = models.CharField(max_length=10, choices=Role)
    base_url = models.URLField(max_length=300)
    settings = models.JSONField(default=dict, blank=True)
    field_map = models.JSONField(
        default=dict, blank=True, help_text="Our field → the source's field, per kind of data."
    )
    credentials = EncryptedJSONField(null=True, blank=True)
    webhook_token = models.CharField(max_length=64, unique=True, default=new_token)
    webhook_secret = EncryptedJSONField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.NEW)
    state_reason = models.TextField(blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    read_only = models.BooleanField(default=False, help_text="Dry: everything is decided, nothing is written there.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PlatformSwitch(models.Model):
    """The kill switch of a platform: while a row stands here, no lane of that platform is served."""

    platform = models.CharField(max_length=40, unique=True)
    reason = models.CharField(max_length=200)
    paused_at = models.DateTimeField(default=timezone.now)
    paused_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.platform} paused: {self.reason}"


class Master(models.Model):
    """Which connection is the master of a group of fields for a seller (L17). The master wins a conflict."""

    class Group(models.TextChoices):
        CONTENT = "content"
        PRICE = "price"
        STOCK = "stock"
        IMAGES = "images"
        CUSTOMERS = "customers"
        ORDERS = "orders"

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="masters")
    group = models.CharField(max_length=10, choices=Group)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="masters")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "group"], name="hub_master_one_per_group")]

    def __str__(self) -> str:
        return f"{self.connection} is master of {self.group}"


class Share(models.Model):
    """A seller's place in the round of sellers; the row without a seller stands for platform-wide connections.

    `turn` is a ticket of the sequence `hub_turn`: the lowest ticket among the due is served next.
    """

    seller = models.OneToOneField(Seller, on_delete=models.CASCADE, null=True, related_name="share")
    due = models.BooleanField(default=False)
    turn = models.BigIntegerField(default=0)

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
        indexes = [
            models.Index(
                fields=["share", "turn"],
                condition=Q(due=True, paused=False, lease_until__isnull=True),
                name="hub_lane_due",
            ),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="hub_lane_wake"),
            models.Index(
                fields=["share", "lease_until"],
                condition=Q(lease_until__isnull=False),
                name="hub_lane_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.name}" + (f" #{self.shard}" if self.shard else "")


class Job(models.Model):
    """One connection × one kind of data × one direction: what a person configures."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="jobs")
    direction = models.CharField(max_length=6, choices=Direction)
    data_type = models.CharField(max_length=20, choices=DataType)
    item_kind = models.CharField(max_length=20, choices=Kind, editable=False)
    enabled = models.BooleanField(default=True)
    paused = models.BooleanField(default=False)
    full_schedule = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text="When to read or compare everything: `1d`, `6h`, or a crontab such as `0 3 * * *`. Empty: by hand.",
    )
    partial_schedule = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_schedule],
        help_text="Imports: when to read what changed since the cut date, for example `15m`.",
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Of crontab schedules.")
    filters = models.JSONField(default=dict, blank=True, help_text="Which items take part; the adapter says how.")
    lookback = models.DurationField(
        default=timedelta(minutes=2), help_text="How far before the cut date a partial import reads again."
    )
    # The lanes of this job in the order of their shards: an item's lane is its id modulo their number.
    lane_ids = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        ordering = ["connection", "direction", "data_type"]
        constraints = [models.UniqueConstraint(fields=["connection", "direction", "data_type"], name="hub_job_once")]
        indexes = [
            models.Index(fields=["item_kind"], condition=Q(direction="export", enabled=True), name="hub_job_listeners")
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.direction} {self.data_type}"

    @property
    def link_kind(self) -> str:
        """The kind of the links that remember what this job sent. Stock and prices go out apart from the variant that
        they belong to, so each has links, and with them hashes, of its own."""
        if self.item_kind == Kind.VARIANT:
            return f"{Kind.VARIANT}/{self.data_type}"
        return str(self.item_kind)


class JobState(models.Model):
    """What the engine remembers of a job: cut date, next times, last successes."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="state")
    cut_at = models.DateTimeField(null=True, help_text="Everything that changed at the source before this was read.")
    next_full_at = models.DateTimeField(null=True)
    next_partial_at = models.DateTimeField(null=True)
    last_update_at = models.DateTimeField(null=True, help_text="When an item last went through.")
    last_full_sync_at = models.DateTimeField(null=True, help_text="When the last full run ended well.")
    last_success_at = models.DateTimeField(null=True)
    config_hash = models.CharField(
        max_length=32, blank=True, help_text="Of the settings that the last full export was made with."
    )
    attention = models.TextField(blank=True, help_text="Why the job waits for a person; empty if it does not.")

    class Meta:
        indexes = [
            models.Index(fields=["next_full_at"], condition=Q(next_full_at__isnull=False), name="hub_state_full"),
            models.Index(
                fields=["next_partial_at"],
                condition=Q(next_partial_at__isnull=False),
                name="hub_state_partial",
            ),
        ]

    def __str__(self) -> str:
        return f"state of {self.job}"


class Run(models.Model):
    """One execution of a job; the activity register is a list of these (B10)."""

    class Scope(models.TextChoices):
        FULL = "full"
        PARTIAL = "partial"

    class Trigger(models.TextChoices):
        INSTALL = "install"
        BUTTON = "button"
        SCHEDULE = "schedule"
        API = "api"
        EVENT = "event"
        IMPORT = "import", "after an import"

    # B11
    class State(models.TextChoices):
        """In the words that a person reads."""

        QUEUED = "queued", "waiting for a worker"
        PREPARING = "preparing", "preparing"
        PREPARED = "prepared", "prepared, nothing sent yet"
        SENDING = "sending", "running"
        ASKING = "asking", "waiting for your answer"
        DONE = "done", "ended well"
        DONE_WITH_ERRORS = "done_with_errors", "ended with some errors"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    OPEN = (State.QUEUED, State.PREPARING, State.PREPARED, State.SENDING, State.ASKING)

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="runs")
    scope = models.CharField(max_length=7, choices=Scope)
    trigger = models.CharField(max_length=10, choices=Trigger)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    resend = models.BooleanField(default=False, help_text="Send everything again, changed or not.")
    after = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="followers",
        help_text="The import that began it.",
    )
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Where the next turn goes on; its shape is the phase's own business.
    cursor = models.JSONField(default=dict)
    total = models.PositiveIntegerField(null=True, help_text="Items in all, once known.")
    # D20: whoever brings it to zero ends the run.
    remaining = models.PositiveIntegerField(null=True, help_text="Items without a first outcome.")
    api_calls = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="Why it failed, waits or was cancelled, and what helps.")
    # How often it met what its log does not tell each time (hub/runlog.py).
    met = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "scope"],
                condition=Q(state__in=["queued", "preparing", "prepared", "sending", "asking"]),
                name="hub_run_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["job", "-id"], name="hub_run_register"),
            models.Index(fields=["-created_at"], name="hub_run_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} run {self.pk} of {self.job}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class RunCounter(models.Model):
    """How many items of one kind had which outcome in a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="counters")
    kind = models.CharField(max_length=40)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(null=True, help_text="When the run's log last told these figures.")

    OUTCOMES = ("read", "created", "updated", "removed", "unchanged", "skipped", "failed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="hub_run_counter_once")]

    def __str__(self) -> str:
        return f"{self.kind} in run {self.run_id}"


class RunLogLine(models.Model):
    """A line of a run's log, which grows while the run goes on (B8)."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=7, choices=Level, default=Level.INFO)
    text = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class Change(models.Model):
    """This item must be looked at for that job. Exactly one row per (job, kind, item), without payload.

    Each enqueue gives the row a new `token`; a worker deletes only the token it saw, so a change that came while it
    worked survives. The lower `priority` goes first: 0 for events, 1 for full runs.
    """

    class State(models.TextChoices):
        READY = "ready"
        DELAYED = "delayed", "tried, will be tried again"
        HELD = "held", "waits for a person"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="changes")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="changes", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    item_id = models.BigIntegerField()
    token = models.BigIntegerField()
    priority = models.PositiveSmallIntegerField(default=0)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="changes", db_index=False)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, help_text="A create that cannot be repeated was begun then.")
    batch_limit = models.PositiveIntegerField(
        null=True, help_text="A worker was lost with this in hand: send it with at most so many others."
    )
    error_class = models.CharField(max_length=40, blank=True)
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


class Link(models.Model):
    """(connection, kind, external id) ↔ local item, unique both ways (L9, S7)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links", db_index=False)
    kind = models.CharField(max_length=40, help_text="A Kind, for a category with its storefront: `category@2`.")
    external_id = models.CharField(max_length=200)
    item_id = models.BigIntegerField()
    # Import side: hash of what was received, and when the source changed it.
    received_hash = models.BinaryField(max_length=16, null=True)
    source_updated_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    seen_run = models.BigIntegerField(null=True, help_text="The last full read that met it.")
    missing = models.BooleanField(default=False, help_text="The source has it no more.")
    # Export side: what was last sent, and what the target made of it (so that normalising targets do not ping-pong).
    sent_hash = models.BinaryField(max_length=16, null=True)
    sent_revision = models.BigIntegerField(null=True)
    echo_hash = models.BinaryField(max_length=16, null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="hub_link_external_once"),
            models.UniqueConstraint(fields=["connection", "kind", "item_id"], name="hub_link_item_once"),
        ]
        indexes = [models.Index(fields=["kind", "item_id"], name="hub_link_of_item")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id} at {self.connection}"


class LinkPayload(models.Model):
    """The last and the previous payload received, and the last one sent (S7). Beside Link, to keep that row small."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="payload")
    received = models.JSONField(null=True)
    previous = models.JSONField(null=True)
    sent = models.JSONField(null=True)
    received_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"payloads of {self.link}"


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


class Alert(models.Model):
    """Something that somebody should be told of: once when it begins, once when it is over (N12, F8).

    `key` names what it is about; one alert per key is open at a time, however often it is met.
    """

    class Kind(models.TextChoices):
        FAILING = "failing", "a job failed"
        ABSENT = "absent", "a job has not succeeded for longer than it should"
        ATTENTION = "attention", "a job waits for a person"
        UNREACHABLE = "unreachable", "a platform takes no calls"

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
    over = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "alert deliveries"
        constraints = [models.UniqueConstraint(fields=["alert", "channel", "over"], name="hub_alert_delivery_once")]
        indexes = [models.Index(fields=["channel"], condition=Q(sent_at=None), name="hub_alert_delivery_owed")]

    def __str__(self) -> str:
        return f"{self.alert} to {self.channel}"
