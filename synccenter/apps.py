"""The project as an app, so that its commands and checks are found."""

from django.apps import AppConfig


class SyncCenterConfig(AppConfig):
    name = "synccenter"
