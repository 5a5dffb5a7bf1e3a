"""Every page of the console loads for an operator, with few queries, and for no one without permission."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import URLField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from catalog.models import Brand, Image, Product, Variant
from orders.models import Order
from tests.admin.sample_rows import fill
from tests.factories import make_user
from tests.two_sellers import SECRET, TwoSellers, make_person

OURS = ("accounts", "auth", "hub", "catalog", "orders", "synclog", "connectors")
MODELS = [model for model in admin.site._registry if model._meta.app_label in OURS]


def page(model: Any, what: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def rows(two_sellers: TwoSellers) -> None:
    fill(two_sellers)


@pytest.fixture
def viewer(rows: None) -> Client:
    """Staff with every view permission and no other."""
    user = make_person("onlooker@hub.example", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return logged_in(user)


def addresses(model: Any) -> list[str]:
    """The list, a search in it, and the page of one row."""
    some = [page(model, "change", model._default_manager.first().pk)] if model._default_manager.exists() else []
    return [page(model, "changelist"), page(model, "changelist") + "?q=product:1", *some]


def test_amounts_and_quantities_of_an_order_are_shown_by_its_currency(operator: Client) -> None:
    """M2: two places in euros, none in yen; quantities without trailing zeros."""
    order = Order.objects.get(number="1001")
    Order.objects.filter(pk=order.pk).update(total="1250.5", difference="0")
    text = operator.get(page(Order, "change", order.pk)).content.decode()
    assert "1,250.50" in text and "0.00" in text and "0.000" not in text
    Order.objects.filter(pk=order.pk).update(total="1250", currency="JPY")
    listed = operator.get(page(Order, "changelist")).content.decode()
    assert "1,250 JPY" in listed and "Orders | " in listed


def test_every_page_loads_for_an_operator_and_shows_no_secret(operator: Client) -> None:
    password_hash = make_user().password
    empty = [model.__name__ for model in MODELS if not model._default_manager.exists()]
    assert empty == []
    request = operator.get(reverse("admin:index")).wsgi_request
    for model in MODELS:
        for address in addresses(model):
            answer = operator.get(address)
            assert answer.status_code == 200, address
            text = answer.content.decode()
            for secret in (SECRET, password_hash):
                assert secret not in text, address
        if admin.site._registry[model].has_add_permission(request):
            assert operator.get(page(model, "add")).status_code == 200, model


def test_addresses_that_platforms_send_are_links_to_web_pages_only(operator: Client) -> None:
    """A link to a script would run in the session of an operator."""
    models: tuple[Any, ...] = (Brand, Image, Variant)
    urls = {(model, each.name) for model in models for each in model._meta.fields if isinstance(each, URLField)}
    assert len(urls) == 3
    pages: tuple[Any, ...] = (Brand, Product, Variant)
    for address, linked in (("javascript:alert(1)", False), ("https://cdn.example/a.jpg", True)):
        for model, name in urls:
            model.objects.update(**{name: address})
        for model in pages:
            shown = operator.get(page(model, "change", model.objects.first().pk)).content.decode()
            assert address in shown and (f'href="{address}"' in shown) == linked, model


def test_viewer_is_offered_no_action(viewer: Client) -> None:
    for model in MODELS:
        for address in addresses(model):
            answer = viewer.get(address)
            assert answer.status_code == 200, address
            assert not re.search(rb'name="_save"|name="action"', answer.content), address
            for action_name in (
                b"/pause/",
                b"/resume/",
                b"/cancel/",
                b"/revoke/",
                b"/uninstall/",
                b"/test/",
                b"/sync_now/",
            ):
                assert action_name not in answer.content, (address, action_name)


def test_others_are_redirected_to_the_login_page(two_sellers: TwoSellers) -> None:
    for client in (Client(), logged_in(two_sellers.north.owner)):
        for model in MODELS:
            for address in addresses(model):
                answer = client.get(address)
                assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/"), address


def test_staff_only_see_pages_they_have_permission_for() -> None:
    user = make_person("narrow@hub.example", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_run"))
    client = logged_in(user)
    for model in MODELS:
        expected = 200 if model._meta.model_name == "run" else 403
        assert client.get(page(model, "changelist")).status_code == expected, model
    home = client.get("/admin/").content.decode()
    assert "/admin/hub/run/" in home
    for hidden in ("/admin/hub/connection/", "/admin/orders/order/", "/admin/accounts/user/", "Worst now"):
        assert hidden not in home


def test_lists_take_few_queries(operator: Client) -> None:
    for model in MODELS:
        with CaptureQueriesContext(connection) as captured:
            operator.get(page(model, "changelist"))
        assert len(captured) <= 14, (model, [query["sql"][:150] for query in captured])


@pytest.mark.parametrize("address", ["/admin/hub/run/?state__exact=%00", "/admin/hub/master/add/?kind=%00", "/s/%00/"])
def test_null_character_in_a_url_is_rejected(operator: Client, address: str) -> None:
    assert operator.get(address).status_code == 400


def test_console_has_its_primary_color_and_the_base_colors(operator: Client) -> None:
    text = operator.get("/admin/").content.decode()
    assert re.search(r"--color-primary-600: oklch\(51.5% .166 262\)", text) and "--color-base-200:" in text


def test_dashboard_shows_what_needs_attention(operator: Client) -> None:
    text = re.sub(r"<[^>]+>|\s+", " ", operator.get("/admin/").content.decode())
    text = re.sub(r"\s+", " ", text)
    assert "Worst now:" in text
    assert "Changes that need action 3 " in text
    assert "Active runs 2 " in text
    assert "Active workers 1 " in text


def test_run_page_shows_its_log(operator: Client, two_sellers: TwoSellers) -> None:
    text = operator.get(page(type(two_sellers.north.run), "change", two_sellers.north.run.pk)).content.decode()
    assert re.search(r">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</time> <span>Reading customers\.</span>", text)


def test_audit_log_names_actions(operator: Client) -> None:
    text = operator.get("/admin/accounts/auditevent/").content.decode()
    assert "Connection paused" in text and "Kill switch turned on" in text
