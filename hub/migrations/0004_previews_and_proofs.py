"""What previews and proofs find, and when proofs are due (N9, N13)."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import hub.schedules


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0003_alerts"),
    ]

    operations = [
        migrations.CreateModel(
            name="MetId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=200)),
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
                            ("create", "would be created"),
                            ("update", "would be changed"),
                            ("disable", "would be disabled"),
                            ("remove", "would be removed"),
                            ("skip", "would be skipped with an issue"),
                            ("fail", "would be set aside"),
                            ("missing", "missing there"),
                            ("different", "different there"),
                            ("gone", "there, but no longer offered here"),
                            ("unknown", "there, but not from here"),
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
                            ("price_list", "Price List"),
                            ("customer", "Customer"),
                            ("order", "Order"),
                            ("order_line", "Order Line"),
                        ],
                        max_length=20,
                    ),
                ),
                ("item_id", models.BigIntegerField(help_text="The local item, if there is one.", null=True)),
                ("external_id", models.CharField(blank=True, max_length=200)),
                (
                    "changes",
                    models.JSONField(
                        default=dict, help_text="Field → what is there or was last sent, what would be sent."
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("found_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "repaired_at",
                    models.DateTimeField(blank=True, help_text="When a person had it sent again.", null=True),
                ),
            ],
            options={
                "verbose_name": "checked item",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="job",
            name="proof_schedule",
            field=models.CharField(
                verbose_name="comparison schedule",
                blank=True,
                help_text="Exports: when to compare with what the target really holds, for example `1w`. Empty: by hand.",
                max_length=60,
                validators=[hub.schedules.validate_schedule],
            ),
        ),
        migrations.AddField(
            model_name="jobstate",
            name="next_proof_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("failing", "a job failed"),
                    ("absent", "a job has not succeeded for longer than it should"),
                    ("attention", "a job waits for a person"),
                    ("unreachable", "a platform takes no calls"),
                    ("drift", "a target differs from what it should hold"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="scope",
            field=models.CharField(
                choices=[("full", "Full"), ("partial", "Partial"), ("preview", "Preview"), ("proof", "comparison")],
                max_length=7,
            ),
        ),
        migrations.AddIndex(
            model_name="jobstate",
            index=models.Index(
                condition=models.Q(("next_proof_at__isnull", False)), fields=["next_proof_at"], name="hub_state_proof"
            ),
        ),
        migrations.AddField(
            model_name="metid",
            name="run",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="met_ids", to="hub.run"
            ),
        ),
        migrations.AddField(
            model_name="runitem",
            name="run",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="items", to="hub.run"
            ),
        ),
        migrations.AddConstraint(
            model_name="metid",
            constraint=models.UniqueConstraint(fields=("run", "external_id"), name="hub_metid_once"),
        ),
        migrations.AddIndex(
            model_name="runitem",
            index=models.Index(fields=["run", "-id"], name="hub_runitem_of_run"),
        ),
        migrations.AddIndex(
            model_name="runitem",
            index=models.Index(fields=["run", "verdict", "-id"], name="hub_runitem_by_verdict"),
        ),
    ]
