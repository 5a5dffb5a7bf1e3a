"""Stock and prices of a variant are sent separately, each with its own links and hashes."""

import pytest

from catalog.models import Price, PriceList, Stock, StockLocation, Variant
from connectors.platforms.rest import RestTarget
from connectors.services.connections import install_connection
from hub.models import Link
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.worker import work_until_idle
from tests.factories import make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


def test_neither_causes_the_other_to_be_resent(sandbox) -> None:
    platform: SandboxProcess = sandbox("rest", accounts={"erp": "token"})
    seller = make_seller("acme", currency="GBP")
    products = make_products(seller, 5)
    variants = list(Variant.objects.filter(product__in=products).order_by("pk"))
    location = StockLocation.objects.create(seller=seller, code="main")
    prices = PriceList.objects.create(seller=seller, slug="list", name="List", currency="GBP")
    Stock.objects.bulk_create(Stock(seller=seller, variant=v, location=location, quantity=3) for v in variants)
    Price.objects.bulk_create(Price(seller=seller, variant=v, price_list=prices, amount=5) for v in variants)
    target = install_connection(
        seller=seller,
        platform=RestTarget.key,
        name="ERP",
        slug="erp",
        base_url=platform.url,
        credentials={"token": "token"},
        start=False,
    )
    jobs = list(target.jobs.filter(data_type__in=("stock", "prices")).select_related("connection__seller"))
    for job in jobs:
        start_run(job=job, trigger="button")
    work_until_idle()
    assert Link.objects.filter(connection=target, kind="variant/stock").count() == 5
    assert Link.objects.filter(connection=target, kind="variant/prices").count() == 5
    platform.clear_calls()
    for job in jobs:
        start_run(job=job, trigger="button")
    work_until_idle()
    assert [call for call in platform.calls() if call["method"] == "PUT"] == []
