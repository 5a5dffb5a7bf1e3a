"""All tables of the app. New installations run it in place of the migrations that it replaces."""

import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.fields
import hub.models.connections
import hub.schedules

# `hub_claim_mark` is a sequence because a sequence is written in place: under an old snapshot a row would leave a trail
# of dead versions, which is what the mark is there to step over.
SEQUENCES = ("hub_turn", "hub_claim_mark", "hub_change_token")


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("hub", "0001_initial"),
        ("hub", "0002_sequences_and_storage"),
        ("hub", "0003_alerts"),
        ("hub", "0004_previews_and_proofs"),
        ("hub", "0005_plain_names"),
        ("hub", "0006_texts"),
        ("hub", "0007_receipts_of_queued_items"),
        ("hub", "0008_failure_kinds"),
        ("hub", "0009_classify_failures"),
        ("hub", "0010_no_default_ordering"),
        ("hub", "0011_notifications"),
        ("hub", "0012_kill_switch_labels"),
        ("hub", "0013_waits_and_clocks"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0004_audit_ip_address"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        help_text="Kind of item. Categories include their storefront, for example `category@2`.",
                        max_length=40,
                    ),
                ),
                ("external_id", models.CharField(max_length=200, verbose_name="external ID")),
                ("item_id", models.BigIntegerField(verbose_name="item ID")),
                ("received_hash", models.BinaryField(max_length=16, null=True)),
                ("source_updated_at", models.DateTimeField(null=True)),
                ("fetched_at", models.DateTimeField(null=True)),
                (
                    "seen_run",
                    models.BigIntegerField(help_text="The last full import that contained the item.", null=True),
                ),
                ("missing", models.BooleanField(default=False, help_text="No longer in the source.")),
                ("sent_hash", models.BinaryField(max_length=16, null=True)),
                ("sent_revision", models.BigIntegerField(null=True)),
                ("echo_hash", models.BinaryField(max_length=16, null=True)),
                ("sent_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RateBudget",
            fields=[
                ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("tokens", models.FloatField()),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "blocked_until",
                    models.DateTimeField(help_text="The vendor accepts no requests before this time.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "clock_ahead_seconds",
                    models.FloatField(
                        db_default=0,
                        default=0,
                        help_text="How far the machine's clock is ahead of the database's, in seconds.",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AlertChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "medium",
                    models.CharField(choices=[("email", "Email"), ("slack", "Slack-compatible webhook")], max_length=5),
                ),
                (
                    "address",
                    hub.fields.EncryptedJSONField(
                        editable=False, help_text="Email address or webhook URL. Keep the URL secret."
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        help_text="For example the name of the team.", max_length=100, verbose_name="channel name"
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "seller",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_channels",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Permanent identifier, can't be changed later. Must match on staging.",
                        max_length=80,
                        unique=True,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("platform", models.CharField(max_length=40)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("shop", "Shop"),
                            ("oms", "OMS"),
                            ("erp", "ERP"),
                            ("search", "Search"),
                            ("b2b", "B2B"),
                            ("custom", "Custom"),
                        ],
                        max_length=10,
                    ),
                ),
                ("base_url", models.URLField(max_length=300, verbose_name="base URL")),
                ("settings", models.JSONField(blank=True, default=dict)),
                (
                    "field_map",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Per data type: SyncCenter field → source field.",
                        verbose_name="field mapping",
                    ),
                ),
                ("credentials", hub.fields.EncryptedJSONField(blank=True, editable=False, null=True)),
                (
                    "webhook_token",
                    models.CharField(default=hub.models.connections.new_token, max_length=64, unique=True),
                ),
                ("webhook_secret", hub.fields.EncryptedJSONField(blank=True, editable=False, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "Not tested yet"),
                            ("active", "Active"),
                            ("needs_attention", "Needs attention"),
                            ("uninstalled", "Uninstalled"),
                        ],
                        default="new",
                        max_length=20,
                    ),
                ),
                ("state_reason", models.TextField(blank=True)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("pause_reason", models.CharField(blank=True, max_length=200)),
                (
                    "read_only",
                    models.BooleanField(
                        default=False,
                        help_text="Dry run: changes are computed, nothing is sent.",
                        verbose_name="dry run",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "seller",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("direction", models.CharField(choices=[("import", "Import"), ("export", "Export")], max_length=6)),
                (
                    "data_type",
                    models.CharField(
                        choices=[
                            ("settings", "Settings"),
                            ("categories", "Categories"),
                            ("brands", "Brands"),
                            ("products", "Products"),
                            ("stock", "Stock"),
                            ("prices", "Prices"),
                            ("customers", "Customers"),
                            ("orders", "Orders"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "item_kind",
                    models.CharField(
                        choices=[
                            ("store", "Store"),
                            ("category", "Category"),
                            ("brand", "Brand"),
                            ("product", "Product"),
                            ("variant", "Variant"),
                            ("price_list", "Price list"),
                            ("customer", "Customer"),
                            ("order", "Order"),
                            ("order_line", "Order line"),
                        ],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("paused", models.BooleanField(default=False)),
                (
                    "full_schedule",
                    models.CharField(
                        blank=True,
                        help_text="When to run a full sync: an interval such as `1d` or `6h`, or a crontab such as `0 3 * * *`. Leave empty to run it manually.",
                        max_length=60,
                        validators=[hub.schedules.validate_schedule],
                    ),
                ),
                (
                    "by_size",
                    models.BooleanField(
                        default=False,
                        help_text="Adjusts the full schedule to the size of the catalog. Turned off when you set a schedule.",
                        verbose_name="automatic full schedule",
                    ),
                ),
                (
                    "partial_schedule",
                    models.CharField(
                        blank=True,
                        help_text="Imports: when to run an incremental sync, for example `15m`.",
                        max_length=60,
                        validators=[hub.schedules.validate_schedule],
                    ),
                ),
                (
                    "comparison_schedule",
                    models.CharField(
                        blank=True,
                        db_column="proof_schedule",
                        help_text="Exports: when to compare the platform's data with SyncCenter, for example `1w`. Leave empty to compare manually.",
                        max_length=60,
                        validators=[hub.schedules.validate_schedule],
                        verbose_name="comparison schedule",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(default="UTC", help_text="Time zone of crontab schedules.", max_length=60),
                ),
                (
                    "filters",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Which items to sync, for example {"brands": ["Acme"]}. Leave empty to sync all. Lists: statuses, brands, types, categories (paths, subcategories included), groups, b2b_groups (groups that a customer import enables for B2B). True or false: b2b_only.',
                    ),
                ),
                (
                    "lookback",
                    models.DurationField(
                        default=datetime.timedelta(seconds=120),
                        help_text="Incremental imports start this long before the last import, so that no late change is missed.",
                    ),
                ),
                (
                    "lane_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="jobs", to="hub.connection"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("failing", "Sync failed"),
                            ("absent", "Overdue: no recent successful run"),
                            ("attention", "Needs action"),
                            ("unreachable", "Platform not responding"),
                            ("drift", "Differences found"),
                            ("resting", "Long wait"),
                            ("clock", "Clock differs"),
                            ("notice", "Notification"),
                        ],
                        max_length=12,
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                ("message", models.TextField()),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "seller",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="accounts.seller",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="hub.job"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Lane",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("shard", models.PositiveSmallIntegerField(default=0)),
                ("due", models.BooleanField(default=False)),
                ("turn", models.BigIntegerField(default=0)),
                (
                    "wake_at",
                    models.DateTimeField(blank=True, help_text="When the earliest delayed change is ready.", null=True),
                ),
                ("paused", models.BooleanField(default=False)),
                ("epoch", models.BigIntegerField(default=0)),
                ("leased_by", models.CharField(blank=True, max_length=100)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "batch",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("batch_limit", models.PositiveIntegerField(null=True)),
                ("crashes", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("rest_until", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lanes", to="hub.connection"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LinkPayload",
            fields=[
                (
                    "link",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="payload",
                        serialize=False,
                        to="hub.link",
                    ),
                ),
                ("received", models.JSONField(null=True)),
                ("previous", models.JSONField(null=True)),
                ("sent", models.JSONField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="link",
            name="connection",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="links", to="hub.connection"
            ),
        ),
        migrations.CreateModel(
            name="Master",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "group",
                    models.CharField(
                        choices=[
                            ("content", "Content"),
                            ("price", "Price"),
                            ("stock", "Stock"),
                            ("images", "Images"),
                            ("customers", "Customers"),
                            ("orders", "Orders"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="masters", to="hub.connection"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="masters", to="accounts.seller"
                    ),
                ),
            ],
            options={
                "verbose_name": "source of truth",
                "verbose_name_plural": "sources of truth",
            },
        ),
        migrations.CreateModel(
            name="PlatformSwitch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("platform", models.CharField(max_length=40, unique=True)),
                ("reason", models.CharField(max_length=200)),
                ("paused_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "paused_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "kill switch",
                "verbose_name_plural": "kill switches",
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("full", "Full"),
                            ("partial", "Incremental"),
                            ("preview", "Preview"),
                            ("proof", "Comparison"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "trigger",
                    models.CharField(
                        choices=[
                            ("install", "Initial sync"),
                            ("button", "Manual"),
                            ("schedule", "Schedule"),
                            ("api", "API"),
                            ("event", "Webhook"),
                            ("import", "After an import"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("preparing", "Preparing"),
                            ("prepared", "Ready to send"),
                            ("sending", "Running"),
                            ("asking", "Needs approval"),
                            ("done", "Succeeded"),
                            ("done_with_errors", "Completed with errors"),
                            ("failed", "Failed"),
                            ("cancelled", "Canceled"),
                        ],
                        default="queued",
                        max_length=20,
                    ),
                ),
                (
                    "resend",
                    models.BooleanField(default=False, help_text="Send all items again, including unchanged ones."),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("cursor", models.JSONField(default=dict)),
                ("total", models.PositiveIntegerField(help_text="Total number of items, once known.", null=True)),
                ("remaining", models.PositiveIntegerField(help_text="Items that have no outcome yet.", null=True)),
                ("api_calls", models.PositiveIntegerField(default=0, verbose_name="API calls")),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("not_before", models.DateTimeField(null=True)),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="Why the run failed, waits or was canceled, and how to fix it."
                    ),
                ),
                ("event_counts", models.JSONField(db_column="met", default=dict)),
                (
                    "after",
                    models.ForeignKey(
                        help_text="The import that started this run.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="follow_up_runs",
                        to="hub.run",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="hub.job"),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("store", "Store"),
                            ("category", "Category"),
                            ("brand", "Brand"),
                            ("product", "Product"),
                            ("variant", "Variant"),
                            ("price_list", "Price list"),
                            ("customer", "Customer"),
                            ("order", "Order"),
                            ("order_line", "Order line"),
                        ],
                        max_length=20,
                    ),
                ),
                ("item_id", models.BigIntegerField(verbose_name="item ID")),
                ("token", models.BigIntegerField()),
                ("priority", models.PositiveSmallIntegerField(choices=[(0, "Event"), (1, "Full sync")], default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[("ready", "Ready"), ("delayed", "Waiting for retry"), ("held", "Needs review")],
                        default="ready",
                        max_length=8,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                (
                    "sent_at",
                    models.DateTimeField(
                        help_text="When the creation of this item was first sent. It must not be sent twice.", null=True
                    ),
                ),
                (
                    "batch_limit",
                    models.PositiveIntegerField(
                        help_text="The largest batch that may contain this change, after a worker crashed on it.",
                        null=True,
                    ),
                ),
                (
                    "receipt_id",
                    models.TextField(
                        blank=True, db_default="", help_text="The target's ID of the request that it has queued."
                    ),
                ),
                (
                    "queued_hash",
                    models.BinaryField(help_text="Hash of the payload that the target has queued.", null=True),
                ),
                (
                    "failure_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unavailable", "Platform not available"),
                            ("queued", "Queued by the platform"),
                            ("rejected", "Rejected by the platform"),
                            ("attention", "Needs action"),
                            ("id_in_use", "ID in use"),
                            ("worker_lost", "Worker lost"),
                            ("internal", "Internal error"),
                        ],
                        db_default="",
                        help_text="Why it waits for a retry or a review.",
                        max_length=20,
                        verbose_name="failure",
                    ),
                ),
                ("last_error", models.TextField(blank=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="hub.job"
                    ),
                ),
                (
                    "lane",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="hub.lane",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="changes",
                        to="hub.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunCounter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(help_text="As in links, for example `product` or `category@2`.", max_length=40),
                ),
                ("read", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("updated", models.PositiveIntegerField(default=0)),
                (
                    "disabled",
                    models.PositiveIntegerField(default=0, help_text="Hidden categories. They don't count as updated."),
                ),
                ("removed", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                (
                    "logged_at",
                    models.DateTimeField(
                        db_column="told_at", help_text="When the run log last showed these numbers.", null=True
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="counters", to="hub.run"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("create", "Would be created"),
                            ("update", "Would be updated"),
                            ("disable", "Would be disabled"),
                            ("remove", "Would be removed"),
                            ("skip", "Would be skipped with an issue"),
                            ("fail", "Would fail"),
                            ("missing", "Missing on the platform"),
                            ("different", "Different on the platform"),
                            ("gone", "On the platform, but no longer synced"),
                            ("unknown", "On the platform, but not created by SyncCenter"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("store", "Store"),
                            ("category", "Category"),
                            ("brand", "Brand"),
                            ("product", "Product"),
                            ("variant", "Variant"),
                            ("price_list", "Price list"),
                            ("customer", "Customer"),
                            ("order", "Order"),
                            ("order_line", "Order line"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "item_id",
                    models.BigIntegerField(
                        help_text="The item in SyncCenter, if it exists.", null=True, verbose_name="item ID"
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="external ID")),
                (
                    "changes",
                    models.JSONField(default=dict, help_text="Field → [current or last sent value, value to send]."),
                ),
                ("message", models.TextField(blank=True)),
                ("found_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "repaired_at",
                    models.DateTimeField(blank=True, help_text="When a user had the item sent again.", null=True),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="items", to="hub.run"
                    ),
                ),
            ],
            options={
                "verbose_name": "comparison result",
            },
        ),
        migrations.CreateModel(
            name="RunLogLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "level",
                    models.CharField(
                        choices=[("info", "Info"), ("warning", "Warning"), ("error", "Error")],
                        default="info",
                        max_length=7,
                    ),
                ),
                ("text", models.TextField()),
                (
                    "run",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="log", to="hub.run"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SeenExternalId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=200)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seen_external_ids",
                        to="hub.run",
                    ),
                ),
            ],
            options={
                "db_table": "hub_metid",
            },
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due", models.BooleanField(default=False)),
                ("turn", models.BigIntegerField(default=0)),
                ("held", models.PositiveIntegerField(default=0)),
                ("lane_turn", models.BigIntegerField(default=0)),
                (
                    "seller",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="share",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="lane",
            name="share",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="lanes", to="hub.share"),
        ),
        migrations.CreateModel(
            name="AlertDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_resolution", models.BooleanField(db_column="over", default=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="hub.alert"
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="hub.alertchannel"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "alert deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at", None)), fields=["channel"], name="hub_alert_delivery_owed"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert", "channel", "is_resolution"), name="hub_alert_delivery_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JobState",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="hub.job",
                    ),
                ),
                (
                    "cut_at",
                    models.DateTimeField(
                        help_text="All changes on the platform before this time were imported.",
                        null=True,
                        verbose_name="imported up to",
                    ),
                ),
                ("next_full_at", models.DateTimeField(null=True)),
                ("next_partial_at", models.DateTimeField(null=True)),
                ("next_comparison_at", models.DateTimeField(db_column="next_proof_at", null=True)),
                ("last_update_at", models.DateTimeField(help_text="When an item was last synced.", null=True)),
                ("last_full_sync_at", models.DateTimeField(help_text="When a full sync last succeeded.", null=True)),
                ("last_success_at", models.DateTimeField(null=True)),
                (
                    "config_hash",
                    models.CharField(
                        blank=True, help_text="Hash of the settings used by the last full export.", max_length=32
                    ),
                ),
                ("attention", models.TextField(blank=True, help_text="Why the job needs action. Empty if it doesn't.")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_full_at__isnull", False)),
                        fields=["next_full_at"],
                        name="hub_state_full",
                    ),
                    models.Index(
                        condition=models.Q(("next_partial_at__isnull", False)),
                        fields=["next_partial_at"],
                        name="hub_state_partial",
                    ),
                    models.Index(
                        condition=models.Q(("next_comparison_at__isnull", False)),
                        fields=["next_comparison_at"],
                        name="hub_state_proof",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("direction", "export"), ("enabled", True)),
                fields=["item_kind"],
                name="hub_job_listeners",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(fields=("connection", "direction", "data_type"), name="hub_job_once"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at", None)), fields=("key",), name="hub_alert_one_open"
            ),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(fields=["kind", "item_id"], name="hub_link_of_item"),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(
                fields=("connection", "kind", "external_id"), name="hub_link_external_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(fields=("connection", "kind", "item_id"), name="hub_link_item_once"),
        ),
        migrations.AddConstraint(
            model_name="master",
            constraint=models.UniqueConstraint(fields=("seller", "group"), name="hub_master_one_per_group"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["job", "-id"], name="hub_run_register"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["-created_at"], name="hub_run_recent"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "preparing", "prepared", "sending", "asking"])),
                fields=("job", "scope"),
                name="hub_run_one_open",
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("state", "ready")), fields=["lane", "priority", "token"], name="hub_change_ready"
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("state", "delayed")), fields=["not_before"], name="hub_change_delayed"
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(condition=models.Q(("run__isnull", False)), fields=["run"], name="hub_change_of_run"),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(condition=models.Q(("state", "held")), fields=["job", "id"], name="hub_change_held"),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.UniqueConstraint(fields=("job", "kind", "item_id"), name="hub_change_once"),
        ),
        migrations.AddConstraint(
            model_name="runcounter",
            constraint=models.UniqueConstraint(fields=("run", "kind"), name="hub_run_counter_once"),
        ),
        migrations.AddIndex(
            model_name="runitem",
            index=models.Index(fields=["run", "-id"], name="hub_runitem_of_run"),
        ),
        migrations.AddIndex(
            model_name="runitem",
            index=models.Index(fields=["run", "verdict", "-id"], name="hub_runitem_by_verdict"),
        ),
        migrations.AddConstraint(
            model_name="seenexternalid",
            constraint=models.UniqueConstraint(fields=("run", "external_id"), name="hub_metid_once"),
        ),
        migrations.AddIndex(
            model_name="share",
            index=models.Index(condition=models.Q(("due", True)), fields=["turn"], name="hub_share_due"),
        ),
        migrations.AddConstraint(
            model_name="share",
            constraint=models.UniqueConstraint(fields=("seller",), name="hub_share_once", nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name="lane",
            index=models.Index(
                condition=models.Q(("due", True), ("leased_by", ""), ("paused", False)),
                fields=["share", "turn"],
                name="hub_lane_due",
            ),
        ),
        migrations.AddIndex(
            model_name="lane",
            index=models.Index(
                condition=models.Q(("wake_at__isnull", False)), fields=["wake_at"], name="hub_lane_wake"
            ),
        ),
        migrations.AddIndex(
            model_name="lane",
            index=models.Index(
                condition=models.Q(("leased_by", ""), _negated=True), fields=["share"], name="hub_lane_leased"
            ),
        ),
        migrations.AddConstraint(
            model_name="lane",
            constraint=models.UniqueConstraint(fields=("connection", "name", "shard"), name="hub_lane_once"),
        ),
        migrations.RunSQL(
            sql=[f"CREATE SEQUENCE {name}" for name in SEQUENCES],
            reverse_sql=[f"DROP SEQUENCE {name}" for name in SEQUENCES],
        ),
        migrations.RunSQL(
            sql=[
                "ALTER TABLE hub_link SET (fillfactor = 50)",
                "ALTER TABLE hub_lane SET (fillfactor = 50)",
                "ALTER TABLE hub_share SET (fillfactor = 50)",
                "ALTER TABLE hub_ratebudget SET (fillfactor = 50)",
                "ALTER TABLE hub_change SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)",
            ],
            reverse_sql=[
                f"ALTER TABLE {table} RESET (fillfactor)"
                for table in ("hub_link", "hub_lane", "hub_share", "hub_ratebudget", "hub_change")
            ],
        ),
        # For workers of release 0.1.0 that run beside this one.
        migrations.RunSQL(
            "ALTER TABLE hub_change ADD COLUMN error_class varchar(40) NOT NULL DEFAULT ''",
            "ALTER TABLE hub_change DROP COLUMN error_class",
        ),
    ]
