"""Customers and orders generated from a seed, with realistic but fictional names and addresses."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from faker import Faker

from sandbox.catalog import EPOCH, TIME_SPAN

POOL_SIZE = 400
# Relative frequency of each vendor-neutral order stage.
STAGES = ("new", "new", "paid", "paid", "paid", "shipped", "shipped", "shipped", "cancelled", "incomplete")


@dataclass(slots=True)
class Customer:
    """Times are seconds since the epoch. Private customers have neither a company nor an account number."""

    first_name: str
    last_name: str
    email: str
    company: str
    phone: str
    street: str
    city: str
    postcode: str
    notes: str
    ip_address: str
    account_number: str
    created: int
    modified: int


@dataclass(slots=True)
class Order:
    """`customer` is an index into the customers; `lines` are (index into the variants, quantity) pairs."""

    customer: int
    lines: tuple[tuple[int, int], ...]
    stage: str
    in_outlet: bool
    message: str
    created: int
    modified: int


@cache
def _pools(seed: str, size: int) -> dict[str, list[str]]:
    faker = Faker("en_GB")
    faker.seed_instance(f"people:{seed}")
    kinds = ("first_name", "last_name", "street_address", "city", "postcode", "company")
    return {kind: [getattr(faker, kind)() for _ in range(size)] for kind in kinds}


def customers(seed: str, count: int) -> Iterator[Customer]:
    pools = _pools(seed, min(POOL_SIZE, count))
    rng = random.Random(f"people:{seed}")
    for number in range(1, count + 1):
        name, surname = rng.choice(pools["first_name"]), rng.choice(pools["last_name"])
        is_business = rng.random() < 0.3
        created = EPOCH + int(rng.random() * TIME_SPAN)
        yield Customer(
            first_name=name,
            last_name=surname,
            email=f"{name}.{surname}.{number}@example.com".lower().replace(" ", "").replace("'", ""),
            company=rng.choice(pools["company"]) if is_business else "",
            phone=f"+44 1632 {rng.randrange(10**6):06d}",
            street=rng.choice(pools["street_address"]).replace("\n", ", "),
            city=rng.choice(pools["city"]),
            postcode=rng.choice(pools["postcode"]),
            notes=f"Rings as {name}, prefers mornings" if rng.random() < 0.1 else "",
            ip_address=f"203.0.113.{rng.randrange(256)}",
            account_number=f"ACC-{number:06d}" if is_business else "",
            created=created,
            modified=created + int(rng.random() * (EPOCH + TIME_SPAN - created)),
        )


def orders(seed: str, count: int, customer_count: int, variant_count: int) -> Iterator[Order]:
    """Yield orders; none if there are no customers or no variants."""
    if not (customer_count and variant_count):
        return
    rng = random.Random(f"orders:{seed}")
    step = TIME_SPAN // (count + 1)
    for number in range(count):
        created = EPOCH + (number + 1) * step
        yield Order(
            customer=rng.randrange(customer_count),
            lines=tuple((rng.randrange(variant_count), rng.randrange(1, 4)) for _ in range(rng.randrange(1, 5))),
            stage=rng.choice(STAGES),
            in_outlet=rng.random() < 0.2,
            message="Please leave it with the neighbour" if rng.random() < 0.1 else "",
            created=created,
            modified=min(EPOCH + TIME_SPAN, created + rng.randrange(20 * 86_400)),
        )
