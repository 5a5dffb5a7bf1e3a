"""WSGI entry point for gunicorn."""

import logging
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from gunicorn.glogging import Logger

from synccenter.logs import Formatter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
if settings.DEVELOPMENT:
    # Files are served from where they lie, and nothing was collected; WhiteNoise warns of the folder all the same.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
application = get_wsgi_application()

# Gunicorn tells of calls that never reached Django, in a log of its own.
for handler in logging.getLogger("gunicorn.error").handlers:
    handler.setFormatter(Formatter(Logger.error_fmt, Logger.datefmt))
