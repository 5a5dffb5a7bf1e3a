from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("synclog", "0007_no_default_ordering"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="itemevent",
            options={"verbose_name": "timeline entry", "verbose_name_plural": "timeline entries"},
        ),
        migrations.AlterField(
            model_name="itemevent",
            name="run_id",
            field=models.BigIntegerField(null=True, verbose_name="run ID"),
        ),
        migrations.AlterField(
            model_name="itemstatus",
            name="run_id",
            field=models.BigIntegerField(null=True, verbose_name="run ID"),
        ),
    ]
