"""Filters that people keep: the last ones of each list in the session, those of the inbox under a name (I1)."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import resolve

from accounts.models import Seller, User
from dashboard.access import SellerRequest
from synclog.models import SavedView

_SESSION_KEY = "filters"
# Saved views of a person at a seller.
MAX_VIEWS = 20
_INBOX_FIELDS = ("view", "connection", "data_type", "assigned", "text")

View = Callable[..., HttpResponseBase]


def keep_filters(*fields: str) -> Callable[[View], View]:
    """A list whose entry in the menu leads to the filters that were used last; `fields` are those of its form.

    A link with other parameters (a view, a page) keeps them, `?clear` ends them. Email addresses are not kept.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: SellerRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "clear" in request.GET or not request.GET.keys().isdisjoint(fields):
                name, kept = _name(request, resolve(request.path).url_name), request.session.get(_SESSION_KEY, {})
                chosen = chosen_filters(request.GET, fields)
                chosen = {key: each for key, each in chosen.items() if not may_be_personal({key: each})}
                if kept.get(name, {}) != chosen:
                    others = {key: each for key, each in kept.items() if key != name}
                    request.session[_SESSION_KEY] = others | ({name: chosen} if chosen else {})
            return redirect(request.path) if "clear" in request.GET else view(request, *args, **kwargs)

        return inner

    return decorate


def kept_query(request: SellerRequest, page: str) -> str:
    """The query string with the filters that were used last on a page, by the name of its URL; empty without any."""
    kept = request.session.get(_SESSION_KEY, {}).get(_name(request, page))
    return f"?{urlencode(kept)}" if kept else ""


def _name(request: SellerRequest, page: str | None) -> str:
    return f"{request.seller.pk}:{page}"


def chosen_filters(data: QueryDict, fields: Collection[str] = _INBOX_FIELDS) -> dict[str, str]:
    return {name: str(data[name])[:200] for name in fields if data.get(name)}


def may_be_personal(filters: dict[str, str]) -> bool:
    """Whether filters may contain an email address, which would outlive the erasure of the person (A5)."""
    return any("@" in value for value in filters.values())


def views_of(*, user: User, seller: Seller) -> QuerySet[SavedView]:
    return SavedView.objects.filter(user=user, seller=seller).order_by("name")


def save_view(*, user: User, seller: Seller, name: str, filters: dict[str, str]) -> bool:
    """Saves filters under a name; those that had it are replaced. False if there are too many views already."""
    others = views_of(user=user, seller=seller).exclude(name=name)
    if others.count() >= MAX_VIEWS:
        return False
    SavedView.objects.update_or_create(user=user, seller=seller, name=name, defaults={"filters": filters})
    return True
