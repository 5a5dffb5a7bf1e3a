"""Django app configuration."""

from django.apps import AppConfig


class SyncLogConfig(AppConfig):
    name = "synclog"
