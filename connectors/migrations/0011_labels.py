from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0010_no_default_ordering"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="webhookrefusal",
            options={"verbose_name": "rejected webhook", "verbose_name_plural": "rejected webhooks"},
        ),
        migrations.AlterField(
            model_name="feedimport",
            name="remote_id",
            field=models.CharField(blank=True, max_length=100, verbose_name="remote ID"),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="delivery_id",
            field=models.CharField(max_length=200, verbose_name="delivery ID"),
        ),
    ]
