from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_texts"),
    ]

    operations = [
        # A column waits for all readers and writers of its table, and new ones for it: rather fail and be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="variant",
            name="mpn",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=255, verbose_name="manufacturer part number"
            ),
        ),
    ]
