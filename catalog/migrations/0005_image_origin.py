"""Which connection brought an image: a shop or a feed of images."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hub", "0001_initial"), ("catalog", "0004_first_feed_positions")]

    operations = [
        migrations.AddField(
            model_name="image",
            name="origin",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="hub.connection",
            ),
        ),
    ]
