"""The API and console guides mention every operation, scope and page."""

from pathlib import Path

import pytest
from django.contrib import admin

from accounts.services import SCOPES
from connectors.storefront_api import StorefrontDataType
from hub.kinds import DataType
from synccenter.api import api
from synccenter.unfold import NAVIGATION
from synclog.api import MAX_ERRORS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [page for group in NAVIGATION for page in group["items"]]


def test_every_operation_is_in_the_api_guide() -> None:
    guide = (DOCS / "api.md").read_text()
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in guide


def test_every_scope_data_type_and_limit_is_in_the_api_guide() -> None:
    guide = (DOCS / "api.md").read_text()
    for word in (*SCOPES, *DataType.values, *StorefrontDataType):
        assert f"`{word}`" in guide
    assert f"{MAX_ERRORS:,} errors" in guide
    assert f"{api.throttle.calls} calls in a minute" in guide


@pytest.mark.parametrize("title", [str(page["title"]) for page in PAGES])
def test_every_console_page_is_in_the_console_guide(title: str) -> None:
    assert title in (DOCS / "admin.md").read_text()


def test_every_console_page_is_in_the_sidebar() -> None:
    linked = {str(page["link"]) for page in PAGES}
    for model in admin.site._registry:
        if model._meta.app_label in ("accounts", "hub", "catalog", "orders", "synclog", "connectors", "staging_copy"):
            assert f"/admin/{model._meta.app_label}/{model._meta.model_name}/" in linked
