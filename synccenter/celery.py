"""The Celery application. Messages only tell workers to look at database rows; they carry no data."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")

app = Celery("synccenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["connectors"], related_name="engine.tasks")
