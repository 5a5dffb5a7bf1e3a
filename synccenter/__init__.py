"""Settings, URLs, Celery, embedded services: what holds the rooms together."""

from synccenter.celery import app as celery_app

__all__ = ["celery_app"]
