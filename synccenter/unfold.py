"""The look of the admin console: name, badge of the environment, sidebar in the order of an operator's work."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def environment(request: HttpRequest) -> list[str] | None:
    """The badge beside the title; live has none, so that any badge means that this is not live."""
    colours = {"staging": "warning", "development": "info"}
    colour = colours.get(settings.ENVIRONMENT)
    return [settings.ENVIRONMENT.title(), colour] if colour else None


def title_prefix(request: HttpRequest) -> str | None:
    """Before the title of the browser's tab."""
    return None if settings.ENVIRONMENT == "live" else f"[{settings.ENVIRONMENT}] "


def may_view(request: HttpRequest, label: str) -> bool:
    """Whether the user may look at the pages of a model, named as in `hub.run`. Copies are made on live's side."""
    app, model = label.split(".")
    if app == "staging_copy" and settings.ENVIRONMENT == "staging":
        return False
    return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


def _page(title: str, icon: str, label: str, view: str = "changelist") -> dict[str, Any]:
    app, model = label.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_{view}"),
        "permission": lambda request: may_view(request, label),
    }


def _group(title: str, *pages: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": False, "items": list(pages)}


NAVIGATION = [
    {"items": [{"title": "How it stands", "icon": "monitor_heart", "link": reverse_lazy("admin:index")}]},
    _group(
        "What needs you",
        _page("Alerts", "notifications", "hub.alert"),
        _page("Issues", "report", "synclog.issue"),
        _page("Ids in use", "tag", "synclog.issue", "ids"),
        _page("Queue", "stacks", "hub.change"),
        _page("Runs", "sync", "hub.run"),
        _page("Checked items", "fact_check", "hub.runitem"),
        _page("Feed imports", "upload_file", "connectors.feedimport"),
        _page("Webhooks", "webhook", "connectors.webhookevent"),
        _page("Webhooks refused", "block", "connectors.webhookrefusal"),
    ),
    _group(
        "What is connected",
        _page("Connections", "cable", "hub.connection"),
        _page("Jobs", "schedule", "hub.job"),
        _page("Masters", "workspace_premium", "hub.master"),
        _page("Dropship agreements", "handshake", "accounts.dropshipagreement"),
        _page("Kill switches", "emergency_home", "hub.platformswitch"),
        _page("Lanes", "alt_route", "hub.lane"),
        _page("Workers", "engineering", "hub.worker"),
        _page("Rate budgets", "speed", "hub.ratebudget"),
    ),
    _group(
        "What became of it",
        _page("Sync logs", "receipt_long", "synclog.synclog"),
        _page("Status of items", "fact_check", "synclog.itemstatus"),
        _page("Timeline", "timeline", "synclog.itemevent"),
        _page("Links", "link", "hub.link"),
    ),
    _group(
        "Catalogue",
        _page("Products", "inventory_2", "catalog.product"),
        _page("Variants", "style", "catalog.variant"),
        _page("Categories", "account_tree", "catalog.category"),
        _page("Brands", "sell", "catalog.brand"),
        _page("Attribute sets", "category", "catalog.attributeset"),
        _page("Price lists", "payments", "catalog.pricelist"),
        _page("Stock locations", "warehouse", "catalog.stocklocation"),
    ),
    _group(
        "Sales",
        _page("Orders", "shopping_cart", "orders.order"),
        _page("Customers", "group", "orders.customer"),
        _page("Customer groups", "groups", "orders.customergroup"),
    ),
    _group(
        "Staging",
        _page("Copies", "content_copy", "staging_copy.copy"),
        _page("Copy schedules", "event_repeat", "staging_copy.copyschedule"),
        _page("Backups", "backup", "staging_copy.backup"),
    ),
    _group(
        "People and keys",
        _page("Sellers", "storefront", "accounts.seller"),
        _page("Users", "person", "accounts.user"),
        _page("Groups", "shield_person", "auth.group"),
        _page("API keys", "key", "accounts.apikey"),
        _page("Alert channels", "campaign", "hub.alertchannel"),
        _page("Alerts told", "outgoing_mail", "hub.alertdelivery"),
        _page("Audit trail", "history", "accounts.auditevent"),
    ),
]

# Lightness and chroma of the leading colour, from pale to dark.
_SHADES = {
    "50": "97% .014",
    "100": "93.5% .032",
    "200": "88% .06",
    "300": "80.5% .105",
    "400": "70% .15",
    "500": "60% .17",
    "600": "51.5% .166",
    "700": "45.5% .155",
    "800": "39.5% .13",
    "900": "34% .1",
    "950": "25% .07",
}


def leading_colour(request: HttpRequest) -> dict[str, str]:
    """The blue of the merchants' pages; on staging the purple of its banner."""
    hue = 347 if settings.ENVIRONMENT == "staging" else 262
    return {weight: f"oklch({shade} {hue})" for weight, shade in _SHADES.items()}


UNFOLD = {
    "SITE_TITLE": "SyncCenter",
    "SITE_HEADER": "SyncCenter",
    "SITE_SYMBOL": "sync_alt",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")}],
    "COLORS": {"primary": "synccenter.unfold.leading_colour"},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "synccenter.unfold.environment",
    "ENVIRONMENT_TITLE_PREFIX": "synccenter.unfold.title_prefix",
    "STYLES": [lambda request: static("environment.css"), lambda request: static("admin.css")],
    "DASHBOARD_CALLBACK": "synccenter.admin_dashboard.dashboard_context",
    "SIDEBAR": {"show_search": True, "navigation": NAVIGATION},
}
