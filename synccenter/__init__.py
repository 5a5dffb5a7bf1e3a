"""The Django project: settings, URLs, Celery, embedded services."""

from synccenter.celery import app as celery_app

__all__ = ["celery_app"]
