"""Django app configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncLogConfig(AppConfig):
    name = "synclog"
    verbose_name = _("Sync results")
