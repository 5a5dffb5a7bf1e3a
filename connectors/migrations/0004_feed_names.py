"""What ids of attributes were called in a search engine, so that a new name is noticed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0003_webhook_subscription"),
        ("hub", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="feeditem",
            name="warnings",
            field=models.JSONField(default=list, help_text="What people are told once it has gone out."),
        ),
        migrations.CreateModel(
            name="FeedName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attribute", models.TextField()),
                ("value", models.TextField(help_text="The id.")),
                ("name", models.TextField()),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feed_names",
                        to="hub.job",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("job", "attribute", "value"), name="connectors_feed_name_once")
                ]
            },
        ),
    ]
