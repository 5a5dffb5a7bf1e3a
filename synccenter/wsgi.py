"""WSGI entry point for gunicorn."""

import gc
import logging
import os
import shutil
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import reverse
from django.utils.module_loading import import_string
from gunicorn.glogging import Logger

from synccenter.logs import Formatter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
if settings.DEVELOPMENT:
    # In development, static files are served without collectstatic. WhiteNoise warns if the folder does not exist.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def _share_metrics(folder: Path) -> None:
    """Let the workers of this gunicorn write the metrics of requests to one folder; forget those of earlier ones."""
    own = folder / str(os.getppid())
    for other in folder.glob("*"):
        if other != own and not Path("/proc", other.name).exists():
            shutil.rmtree(other, ignore_errors=True)
    own.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(own)


# Before anything imports prometheus_client, which looks at it then.
_share_metrics(settings.RUNTIME_DIR / "metrics")
application = get_wsgi_application()
reverse("health")  # loads all views, which the first request would wait for
import_string("connectors.adapters.registry.adapters")()  # loads all adapters, which the first webhook would wait for
# What is loaded by now stays. Looking through it would interrupt all requests of the process for some 50 ms, whenever
# the garbage collector looks through everything.
gc.collect()
gc.freeze()

# Gunicorn logs requests that never reach Django through its own handlers.
for handler in logging.getLogger("gunicorn.error").handlers:
    handler.setFormatter(Formatter(Logger.error_fmt, Logger.datefmt))
