"""Factories for rows that most tests need."""

from itertools import count
from typing import Any

from accounts.models import Membership, Seller, User
from catalog.models import Product, Variant
from hub.kinds import DataType, Direction
from hub.models import Connection, Job
from hub.services import add_job

_numbers = count(1)


def make_user(email: str = "", **fields: Any) -> User:
    return User.objects.create_user(email or f"user{next(_numbers)}@example.com", "correct horse", **fields)


def make_seller(slug: str = "", *, members: tuple[User, ...] = (), role: str = "owner", **fields: Any) -> Seller:
    slug = slug or f"seller-{next(_numbers)}"
    seller = Seller.objects.create(slug=slug, name=fields.pop("name", slug.title()), **fields)
    Membership.objects.bulk_create(Membership(seller=seller, user=user, role=role) for user in members)
    return seller


def make_connection(seller: Seller | None, **fields: Any) -> Connection:
    number = next(_numbers)
    fields = {
        "slug": f"target-{number}",
        "name": f"Target {number}",
        "platform": "rest",
        "role": "custom",
        "base_url": "http://127.0.0.1:9",
        "state": Connection.State.ACTIVE,
    } | fields
    return Connection.objects.create(seller=seller, **fields)


def make_job(
    connection: Connection,
    data_type: DataType = DataType.PRODUCTS,
    direction: Direction = Direction.EXPORT,
    *,
    lane: str = "",
    shards: int = 1,
    **schedules: Any,
) -> Job:
    return add_job(
        connection=connection,
        direction=direction,
        data_type=data_type,
        lane=lane or str(data_type),
        shards=shards,
        **schedules,
    )


def make_products(seller: Seller | None, number: int, *, prefix: str = "SKU") -> list[Product]:
    """Products with one variant each, as an import would create them."""
    products = Product.objects.bulk_create(
        Product(seller=seller, title=f"Product {prefix} {n}", revision=n) for n in range(1, number + 1)
    )
    Variant.objects.bulk_create(
        Variant(seller=seller, product=product, sku=f"{prefix}-{n}", weight_in_grams=100)
        for n, product in enumerate(products, 1)
    )
    return products
