"""Email addresses of existing users count as verified: they were entered by administrators, and are in use."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_second_factors"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [
        migrations.RunSQL(
            'INSERT INTO account_emailaddress (user_id, email, verified, "primary")'
            " SELECT id, lower(email), true, true FROM accounts_user WHERE email <> '' ON CONFLICT DO NOTHING",
            migrations.RunSQL.noop,
        )
    ]
