"""Fixtures: a seller with orders for two vendors, each with its own ERP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from accounts.models import DropshipAgreement, Seller, User
from accounts.services import save_agreement
from hub.kinds import DataType, Direction
from hub.models import Connection, Job
from sandbox.process import SandboxProcess
from tests.factories import make_connection, make_job, make_seller, make_user
from tests.orders.importing import PLACED


@dataclass
class Vendor:
    """A vendor with its ERP jobs: `sales` exports orders to the ERP, `reports` imports shipments."""

    seller: Seller
    owner: User
    erp: Connection
    sales: Job
    reports: Job


def make_agreement(seller: Seller, vendor: Seller, name: str, **fields: object) -> DropshipAgreement:
    agreement = DropshipAgreement(seller=seller, vendor=vendor, name_on_lines=name, since=PLACED - timedelta(days=30))
    for field, value in fields.items():
        setattr(agreement, field, value)
    return save_agreement(agreement=agreement, by=None)


def shop_of(seller: Seller) -> Job:
    """The job that imports orders from the seller's shop."""
    return make_job(make_connection(seller, role="shop"), DataType.ORDERS, Direction.IMPORT)


@pytest.fixture
def seller(transactional_db: None) -> Seller:
    return make_seller("acme")


@pytest.fixture
def orders(seller: Seller) -> Job:
    return shop_of(seller)


@pytest.fixture
def erps(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """The ERPs of both vendors."""
    return sandbox("rest", accounts={"pines": "pines-token", "quays": "quays-token"})


@pytest.fixture
def make_vendor(erps: SandboxProcess, transactional_db: None) -> Callable[[str], Vendor]:
    def make(slug: str) -> Vendor:
        owner = make_user(f"owner@{slug}.example")
        vendor = make_seller(slug, members=(owner,))
        erp = make_connection(
            vendor,
            name=f"ERP of {slug}",
            slug=f"{slug}-erp",
            role="erp",
            base_url=erps.url,
            credentials={"token": f"{slug}-token"},
        )
        sales, reports = make_job(erp, DataType.ORDERS), make_job(erp, DataType.ORDERS, Direction.IMPORT)
        return Vendor(vendor, owner, erp, sales, reports)

    return make


@pytest.fixture
def pines(seller: Seller, make_vendor: Callable[[str], Vendor]) -> Vendor:
    vendor = make_vendor("pines")
    make_agreement(seller, vendor.seller, "Pines & Co")
    return vendor


@pytest.fixture
def quays(seller: Seller, make_vendor: Callable[[str], Vendor]) -> Vendor:
    vendor = make_vendor("quays")
    make_agreement(seller, vendor.seller, "Quays")
    return vendor
