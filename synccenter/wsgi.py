"""WSGI entry point for gunicorn."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
if settings.DEVELOPMENT:
    # Files are served from where they lie, and nothing was collected; WhiteNoise warns of the folder all the same.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
application = get_wsgi_application()
