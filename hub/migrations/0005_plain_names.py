"""Plain names for fields and models. Tables and columns keep theirs: no statement runs, and old workers go on."""

import django.db.models.deletion
from django.db import migrations, models

import hub.schedules


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0004_previews_and_proofs"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("MetId", "SeenExternalId"),
                migrations.AlterModelTable("SeenExternalId", "hub_metid"),
                migrations.AlterField(
                    model_name="seenexternalid",
                    name="run",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seen_external_ids",
                        to="hub.run",
                    ),
                ),
                migrations.RemoveConstraint(
                    model_name="alertdelivery",
                    name="hub_alert_delivery_once",
                ),
                migrations.RemoveIndex(
                    model_name="jobstate",
                    name="hub_state_proof",
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="over",
                    field=models.BooleanField(db_column="over", default=False),
                ),
                migrations.RenameField(
                    model_name="alertdelivery",
                    old_name="over",
                    new_name="is_resolution",
                ),
                migrations.AlterField(
                    model_name="job",
                    name="proof_schedule",
                    field=models.CharField(
                        blank=True,
                        db_column="proof_schedule",
                        help_text="Exports: when to compare with what the target really holds, for example `1w`. Empty: by hand.",
                        max_length=60,
                        validators=[hub.schedules.validate_schedule],
                        verbose_name="comparison schedule",
                    ),
                ),
                migrations.RenameField(
                    model_name="job",
                    old_name="proof_schedule",
                    new_name="comparison_schedule",
                ),
                migrations.AlterField(
                    model_name="jobstate",
                    name="next_proof_at",
                    field=models.DateTimeField(db_column="next_proof_at", null=True),
                ),
                migrations.RenameField(
                    model_name="jobstate",
                    old_name="next_proof_at",
                    new_name="next_comparison_at",
                ),
                migrations.AlterField(
                    model_name="run",
                    name="met",
                    field=models.JSONField(db_column="met", default=dict),
                ),
                migrations.RenameField(
                    model_name="run",
                    old_name="met",
                    new_name="event_counts",
                ),
                migrations.AlterField(
                    model_name="runcounter",
                    name="told_at",
                    field=models.DateTimeField(
                        db_column="told_at", help_text="When the run's log last told these figures.", null=True
                    ),
                ),
                migrations.RenameField(
                    model_name="runcounter",
                    old_name="told_at",
                    new_name="logged_at",
                ),
                migrations.AlterField(
                    model_name="run",
                    name="after",
                    field=models.ForeignKey(
                        help_text="The import that began it.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="follow_up_runs",
                        to="hub.run",
                    ),
                ),
                migrations.AddIndex(
                    model_name="jobstate",
                    index=models.Index(
                        condition=models.Q(("next_comparison_at__isnull", False)),
                        fields=["next_comparison_at"],
                        name="hub_state_proof",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="alertdelivery",
                    constraint=models.UniqueConstraint(
                        fields=("alert", "channel", "is_resolution"), name="hub_alert_delivery_once"
                    ),
                ),
            ]
        )
    ]
