"""How a person reads numbers, dates and times."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_permissions"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="region",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Formats of numbers and dates; empty: as the browser.",
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="time_zone",
            field=models.CharField(blank=True, db_default="", help_text="Empty: that of the seller.", max_length=60),
        ),
    ]
