"""Django app configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        import accounts.receivers
        import accounts.single_sign_on  # noqa: F401 - both connect what they contain
        from accounts.roles import write_role_groups

        post_migrate.connect(write_role_groups, sender=self, dispatch_uid="accounts.roles")
