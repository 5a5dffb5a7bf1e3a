"""A seller with a shop, and the jobs that import its customers and orders."""

import pytest

from hub.kinds import DataType, Direction
from hub.models import Connection, Job
from tests.factories import make_connection, make_job, make_seller


@pytest.fixture
def shop(db: None) -> Connection:
    return make_connection(make_seller("acme"), name="Acme shop", role="shop")


@pytest.fixture
def customers(shop: Connection) -> Job:
    """The job that imports the shop's customers."""
    return make_job(shop, DataType.CUSTOMERS, Direction.IMPORT)


@pytest.fixture
def orders(shop: Connection) -> Job:
    """The job that imports the shop's orders."""
    return make_job(shop, DataType.ORDERS, Direction.IMPORT)
