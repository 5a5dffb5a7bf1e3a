"""Who is not logged in reaches these pages and no others."""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

# Name of the URL → why it is open.
PUBLIC = {
    "health": "monitoring",
    "login": "the login",
    "account_login": "the login",
    "account_signup": "redirects to the login",
    "account_inactive": "says that the account is deactivated",
    "account_reset_password": "password reset",
    "account_reset_password_done": "password reset",
    "account_reset_password_from_key": "password reset: needs the link",
    "account_reset_password_from_key_done": "password reset",
    "account_confirm_email": "change of the address: needs the link",
    "account_email_verification_sent": "says that an email was sent",
    "accept_invitation": "needs the link",
    "openid_connect_login": "single sign-on",
    "openid_connect_callback": "single sign-on",
    "socialaccount_login_cancelled": "redirects to the login",
    "openapi-json": "the API's documentation",
    "openapi-view": "the API's documentation",
    "api-root": "the API's documentation",
}
VALUES = {"int": "1", "slug": "nothing", "str": "nothing", "path": "nothing", "uuid": "0" * 32}


def pages(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """(name, an address) of every URL outside the console, whose pages Django's own decorator protects."""
    for entry in resolver.url_patterns:
        route = entry.pattern._route if isinstance(entry.pattern, RoutePattern) else str(entry.pattern)
        part = re.sub(r"<(?:(\w+):)?\w+>", lambda match: VALUES[match[1] or "str"], route)
        part = re.sub(r"\(\?P<\w+>[^)]*\)", "x1", part).lstrip("^").rstrip("$")
        if isinstance(entry, URLPattern):
            if not prefix.startswith("/admin/") and not part.startswith("admin/"):
                yield entry.name or prefix + part, prefix + part
        elif entry.app_name != admin.site.name:
            yield from pages(entry, prefix + part)


@pytest.mark.django_db
def test_other_pages_ask_for_a_login_or_a_key(client: Client) -> None:
    found = dict(pages(get_resolver()))
    assert len(found) > 90 and PUBLIC.keys() <= found.keys()
    for name, address in found.items():
        for method in ("get", "post"):
            answer = getattr(client, method)(address)
            asks_for_login = answer.status_code == 302 and answer.headers["Location"].startswith("/login/")
            is_open = not asks_for_login and answer.status_code not in (401, 403, 404, 405)
            assert not is_open or name in PUBLIC, (name, address, method, answer.status_code)


@pytest.mark.django_db
def test_console_asks_for_a_login(client: Client) -> None:
    for model, page in admin.site._registry.items():
        for pattern in page.urls:
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            address += re.sub(r"<(?:(\w+):)?\w+>", lambda match: VALUES[match[1] or "str"], str(pattern.pattern))
            assert client.post(address.replace("^", "").replace("$", "")).status_code in (302, 404), address
