"""axe-core finds nothing serious on the main pages, light and dark: contrast, names, roles, structure.

https://www.npmjs.com/package/axe-core
"""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from accounts.models import User
from hub.kinds import DataType, Direction
from tests.dashboard.merchants import Merchant, make_comparison, make_merchant, webhook_event
from tests.node import node_packages
from tests.tiers import TIERS

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

AXE = "axe-core@4.10.3"
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .flatMap(({id, nodes}) => nodes.map(({target, failureSummary}) => [id, ...target, failureSummary])))"""


@pytest.fixture(scope="module")
def axe() -> str:
    return (node_packages(AXE, cache=TIERS["clients"].cache) / "node_modules" / "axe-core" / "axe.min.js").read_text()


def pages_of(merchant: Merchant) -> list[str]:
    comparison = make_comparison(merchant)
    event = webhook_event(merchant.shop)
    connection = f"connections/{merchant.shop.slug}"
    names = ["", "issues/", "issues/?cause=sku_missing", "runs/", "checks/", "products/", "customers/", "orders/"]
    names += ["statuses/", "webhooks/", "settings/", "team/", "search/?q=oak", "connect/", "connect/bigcommerce/"]
    names += [f"{connection}/", f"{connection}/mapping/", f"{connection}/transformation/?field=variant.mpn"]
    names += [f"products/{merchant.products[0].pk}/", f"orders/{merchant.order.pk}/", f"webhooks/{event.pk}/"]
    names += [f"runs/{merchant.runs['done'].pk}/", f"checks/{comparison.pk}/", f"customers/{merchant.customer.pk}/"]
    names += [f"issues/{merchant.issues[1].pk}/", f"{connection}/setup/", "connect/netsuite/"]
    own = [f"/account/{name}/" for name in ("notifications", "formats", "sessions", "second-factor", "email")]
    return ["/login/", *(f"/s/{merchant.seller.slug}/{name}" for name in names), *own, "/password/"]


def console_pages_of(merchant: Merchant) -> list[str]:
    job = merchant.job(Direction.EXPORT, DataType.PRODUCTS)
    names = ["", "search/?q=oak", f"hub/connection/{merchant.shop.pk}/change/", f"hub/job/{job.pk}/change/"]
    names += ["hub/connection/", "hub/connection/add/", "synclog/issue/", "hub/platformswitch/", "hub/run/"]
    return [f"/admin/{name}" for name in names]


def findings(page: Page, axe: str, paths: list[str]) -> dict[str, Any]:
    found = {}
    for path in paths:
        page.goto(path)
        page.evaluate(axe)
        if violations := page.evaluate(RUN):
            found[path] = violations
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_have_no_serious_findings(
    page_of: Callable[[User | None], Page], axe: str, theme: Literal["light", "dark"]
) -> None:
    merchant = make_merchant("acorn")
    page = page_of(merchant.owner)
    page.set_content("<button></button>")
    page.evaluate(axe)
    assert "button-name" in {found[0] for found in page.evaluate(RUN)}, "it finds what is wrong"
    page.emulate_media(color_scheme=theme)
    assert findings(page, axe, pages_of(merchant)) == {}
    operator = page_of(User.objects.create_user("operator@hub.example", is_staff=True, is_superuser=True))
    operator.emulate_media(color_scheme=theme)
    assert findings(operator, axe, console_pages_of(merchant)) == {}
