"""Django app configuration."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "hub"
