from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0010_feeds_by_statement"),
    ]

    operations = [
        # A column waits for all readers and writers of its table, and new ones for it: rather fail and be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="variant",
            name="parts",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], output_field=models.JSONField()),
                default=list,
                help_text="What a bundle consists of.",
            ),
        ),
    ]
