"""The menu: its sections, and the pages of each, which the page shows as tabs."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.access import SellerRequest
from dashboard.saved_views import kept_query


@dataclass(frozen=True)
class Section:
    """An entry of the menu. `pages` are (name of the URL, label); the entry leads to the first."""

    label: str | Promise
    icon: str
    pages: tuple[tuple[str, str | Promise], ...]


SECTIONS = (
    Section(_("Home"), "home", (("overview", _("Home")),)),
    Section(_("Inbox"), "flag", (("issues", _("Inbox")),)),
    Section(_("Catalog"), "box", (("products", _("Products")),)),
    Section(_("Orders"), "cart", (("orders", _("Orders")),)),
    Section(_("Customers"), "person", (("customers", _("Customers")),)),
    Section(
        _("Syncs"),
        "pulse",
        (("runs", _("Sync history")), ("checks", _("Preview & compare")), ("statuses", _("Sync status"))),
    ),
    Section(_("Settings"), "gear", (("preferences", _("API keys")), ("team", _("Team")), ("webhooks", _("Webhooks")))),
)


@dataclass(frozen=True)
class Entry:
    """A link of the menu, or a tab. `current`: this page, or one below it, is shown."""

    name: str
    label: str | Promise
    icon: str
    url: str
    current: bool


@dataclass(frozen=True)
class Navigation:
    """The menu, and the tabs of the section that is shown, if it has several pages."""

    entries: list[Entry]
    tabs: list[Entry]


def navigation(request: SellerRequest) -> Navigation:
    entries, tabs = [], []
    for section in SECTIONS:
        pages = [_entry(request, name, label, section.icon) for name, label in section.pages]
        current = any(page.current for page in pages)
        entries.append(Entry(pages[0].name, section.label, section.icon, pages[0].url, current))
        if current and len(pages) > 1:
            tabs = pages
    return Navigation(entries, tabs)


def _entry(request: SellerRequest, name: str, label: str | Promise, icon: str) -> Entry:
    url = reverse(f"dashboard:{name}", args=[request.seller.slug])
    below = name != "overview" and request.path.startswith(url)
    return Entry(name, label, icon, url + kept_query(request, name), below or request.path == url)
