"""The URL configuration of the project."""

from django.contrib import admin
from django.urls import include, path

from connectors.webhooks.views import webhook
from synccenter.api import api
from synccenter.health import health

urlpatterns = [
    path("health", health, name="health"),
    path("api/", api.urls),
    path("webhooks/<slug:token>", webhook, name="webhook"),
    path("admin/", admin.site.urls),
    path("", include("dashboard.urls")),
]
