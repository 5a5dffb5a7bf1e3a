"""Helpers that create products in the hub and read those of a custom system."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import F

from catalog.models import Product
from hub.kinds import Kind
from hub.models import Connection, Job
from hub.queue import enqueue
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.worker import last_run, work_until_idle
from tests.factories import make_products


def products_job(connection: Connection) -> Job:
    return Job.objects.get(connection=connection, direction="export", data_type="products")


def one_lane(connection: Connection) -> Job:
    """Put all products of this connection into a single lane, which sends one batch after another."""
    job = products_job(connection)
    job.lane_ids = job.lane_ids[:1]
    job.save(update_fields=["lane_ids"])
    return job


def change(products: Collection[Product], **fields: Any) -> None:
    """Change the products and notify the listeners, as every service of the catalog does."""
    with transaction.atomic():
        ids = [product.pk for product in products]
        Product.objects.filter(pk__in=ids).update(**fields, revision=F("revision") + 1)
        seller = next(iter(products)).seller_id
        enqueue(seller_id=seller, kind=Kind.PRODUCT, item_ids=ids)


def sent(connection: Connection, number: int) -> list[Product]:
    """Create this many products and send all of them to the target."""
    products = make_products(connection.seller, number)
    start_run(job=products_job(connection), trigger="button")
    work_until_idle()
    assert last_run(products_job(connection)).state == "done"
    return products


def titles(platform: SandboxProcess) -> dict[str, str]:
    """Key → title of every product at the target."""
    return {item["key"]: item["title"] for item in platform.state("products")}


def hub_titles(connection: Connection) -> dict[str, str]:
    """Key → title of the same products in the hub."""
    offered = Product.objects.filter(seller=connection.seller, status__in=("live", "suspended"))
    return {str(pk): title for pk, title in offered.values_list("pk", "title")}


def writes(platform: SandboxProcess) -> Counter[str]:
    """Key → number of writes."""
    return Counter({item["key"]: item["writes"] for item in platform.state("writes:products")})


def calls(platform: SandboxProcess) -> list[int]:
    """The number of products in each successful write."""
    return [call["items"] for call in platform.calls() if call["method"] in ("PUT", "DELETE") and call["status"] == 200]
