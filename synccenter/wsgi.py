"""WSGI entry point for gunicorn."""

import logging
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from gunicorn.glogging import Logger

from synccenter.logs import Formatter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
if settings.DEVELOPMENT:
    # In development, static files are served without collectstatic. WhiteNoise warns if the folder does not exist.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
application = get_wsgi_application()

# Gunicorn logs requests that never reach Django through its own handlers.
for handler in logging.getLogger("gunicorn.error").handlers:
    handler.setFormatter(Formatter(Logger.error_fmt, Logger.datefmt))
