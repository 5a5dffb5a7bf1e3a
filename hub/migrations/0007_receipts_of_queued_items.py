from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0006_texts"),
    ]

    operations = [
        migrations.AddField(
            model_name="change",
            name="queued_hash",
            field=models.BinaryField(help_text="Hash of the payload that the target has queued.", null=True),
        ),
        migrations.AddField(
            model_name="change",
            name="receipt_id",
            field=models.TextField(
                blank=True,
                db_default="",
                help_text="The target's ID of the request that it has queued.",
            ),
        ),
    ]
