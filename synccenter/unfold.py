"""Settings of Unfold, the theme of the admin console: title, environment badge, colors and sidebar."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def environment(request: HttpRequest) -> list[str] | None:
    """Text and color of the badge beside the title. Live has none, so any badge means "not live"."""
    badges = {
        "staging": [gettext("Staging"), "warning"],
        "development": [gettext("Development"), "info"],
    }
    return badges.get(settings.ENVIRONMENT)


def title_prefix(request: HttpRequest) -> str | None:
    """Prefix of the browser tab's title."""
    return None if settings.ENVIRONMENT == "live" else f"[{settings.ENVIRONMENT}] "


def may_view(request: HttpRequest, label: str) -> bool:
    """Whether the user can view the pages of a model such as `hub.run`. Staging hides the copies, which live makes."""
    app, model = label.split(".")
    if app == "staging_copy" and settings.ENVIRONMENT == "staging":
        return False
    return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


# Pages of a model that the menu lists beside its changelist.
_OWN_ENTRIES = ("synclog_issue_ids",)


def _page(title: str | Promise, icon: str, label: str, view: str = "changelist") -> dict[str, Any]:
    app, model = label.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_{view}"),
        "permission": lambda request: may_view(request, label),
        "active": lambda request: _is_current(request, app, model, view),
    }


def _is_current(request: HttpRequest, app: str, model: str, view: str) -> bool:
    """Whether a page of the model is shown that has no entry of its own in the menu."""
    here = (request.resolver_match and request.resolver_match.url_name) or ""
    name = f"{app}_{model}_{view}"
    return here == name if view != "changelist" else here.startswith(f"{app}_{model}_") and here not in _OWN_ENTRIES


def _group(title: str | Promise, *pages: dict[str, Any], collapsible: bool = False) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": collapsible, "items": list(pages)}


NAVIGATION = [
    {
        "items": [
            {"title": _("Home"), "icon": "monitor_heart", "link": reverse_lazy("admin:index")},
            {"title": _("Search"), "icon": "search", "link": reverse_lazy("admin_search")},
        ]
    },
    _group(
        _("Needs attention"),
        _page(_("Alerts"), "notifications", "hub.alert"),
        _page(_("Issues"), "report", "synclog.issue"),
        _page(_("ID conflicts"), "tag", "synclog.issue", "ids"),
        _page(_("Runs"), "sync", "hub.run"),
        _page(_("Comparison results"), "fact_check", "hub.runitem"),
        _page(_("Feed imports"), "upload_file", "connectors.feedimport"),
        _page(_("Webhooks"), "webhook", "connectors.webhookevent"),
        _page(_("Rejected webhooks"), "block", "connectors.webhookrefusal"),
    ),
    _group(
        _("Integrations"),
        _page(_("Connections"), "cable", "hub.connection"),
        _page(_("Jobs"), "schedule", "hub.job"),
        _page(_("Source of truth"), "workspace_premium", "hub.master"),
        _page(_("Dropship agreements"), "handshake", "accounts.dropshipagreement"),
        _page(_("Kill switches"), "emergency_home", "hub.platformswitch"),
    ),
    _group(
        _("History"),
        _page(_("Sync status"), "fact_check", "synclog.itemstatus"),
        _page(_("Timeline"), "timeline", "synclog.itemevent"),
    ),
    _group(
        _("Catalog"),
        _page(_("Products"), "inventory_2", "catalog.product"),
        _page(_("Variants"), "style", "catalog.variant"),
        _page(_("Categories"), "account_tree", "catalog.category"),
        _page(_("Brands"), "sell", "catalog.brand"),
        _page(_("Attribute sets"), "category", "catalog.attributeset"),
        _page(_("Price lists"), "payments", "catalog.pricelist"),
        _page(_("Stock locations"), "warehouse", "catalog.stocklocation"),
    ),
    _group(
        _("Sales"),
        _page(_("Orders"), "shopping_cart", "orders.order"),
        _page(_("Customers"), "group", "orders.customer"),
        _page(_("Customer groups"), "groups", "orders.customergroup"),
    ),
    _group(
        _("Staging"),
        _page(_("Copies"), "content_copy", "staging_copy.copy"),
        _page(_("Dry runs"), "rule", "staging_copy.dryrun"),
        _page(_("Copy schedules"), "event_repeat", "staging_copy.copyschedule"),
        _page(_("Backups"), "backup", "staging_copy.backup"),
    ),
    _group(
        _("Administration"),
        _page(_("Sellers"), "storefront", "accounts.seller"),
        _page(_("Users"), "person", "accounts.user"),
        _page(_("Groups"), "shield_person", "auth.group"),
        _page(_("API keys"), "key", "accounts.apikey"),
        _page(_("Alert channels"), "campaign", "hub.alertchannel"),
        _page(_("Alert deliveries"), "outgoing_mail", "hub.alertdelivery"),
        _page(_("Privacy requests"), "contact_mail", "privacy.privacyrequest"),
        _page(_("Erasures of personal data"), "person_off", "privacy.erasure"),
        _page(_("Audit log"), "history", "accounts.auditevent"),
    ),
    _group(
        _("Engine"),
        _page(_("Queue"), "stacks", "hub.change"),
        _page(_("Lanes"), "alt_route", "hub.lane"),
        _page(_("Workers"), "engineering", "hub.worker"),
        _page(_("Rate budgets"), "speed", "hub.ratebudget"),
        _page(_("Links"), "link", "hub.link"),
        _page(_("Sync logs"), "receipt_long", "synclog.synclog"),
        collapsible=True,
    ),
]

# Lightness and chroma of the primary color, by Tailwind's weights.
_SHADES = {
    "50": "97% .014",
    "100": "93.5% .032",
    "200": "88% .06",
    "300": "80.5% .105",
    "400": "70% .15",
    "500": "62% .17",
    "600": "51.5% .166",
    "700": "45.5% .155",
    "800": "39.5% .13",
    "900": "34% .1",
    "950": "25% .07",
}


def primary_color(request: HttpRequest) -> dict[str, str]:
    """Weight to CSS color: the blue of the dashboard, or on staging the purple of its banner."""
    hue = 347 if settings.ENVIRONMENT == "staging" else 262
    return {weight: f"oklch({shade} {hue})" for weight, shade in _SHADES.items()}


UNFOLD = {
    "SITE_TITLE": "SyncCenter",
    "SITE_HEADER": "SyncCenter",
    "SITE_SYMBOL": "sync_alt",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")}],
    "COLORS": {"primary": "synccenter.unfold.primary_color"},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "synccenter.unfold.environment",
    "ENVIRONMENT_TITLE_PREFIX": "synccenter.unfold.title_prefix",
    "STYLES": [lambda request: static("environment.css"), lambda request: static("admin.css")],
    "SCRIPTS": [lambda request: static("dashboard.js")],
    "DASHBOARD_CALLBACK": "synccenter.admin_dashboard.dashboard_context",
    "SIDEBAR": {"show_search": True, "navigation": NAVIGATION},
}
