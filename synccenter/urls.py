"""The URL configuration of the project."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from connectors.webhooks.views import webhook
from dashboard.views.account import log_in_to_console
from synccenter.admin_search import admin_search
from synccenter.api import api
from synccenter.health import health
from synccenter.metrics import metrics

urlpatterns = [
    path("health", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("metrics/requests", metrics, {"requests_only": True}, name="request_metrics"),
    path("api/", api.urls),
    path("webhooks/<slug:token>", webhook, name="webhook"),
    # One login and one form for passwords, with the same limits and audit log.
    path("admin/login/", log_in_to_console),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/search/", admin_search, name="admin_search"),
    path("admin/", admin.site.urls),
    path("", include("dashboard.urls")),
]

handler400 = "synccenter.error_pages.bad_request"
handler404 = "synccenter.error_pages.not_found"
handler500 = "synccenter.error_pages.server_error"
