"""The demo's data: two sellers with a shop and a search engine each, and three users."""

import secrets
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Membership, Seller, User
from connectors.services.connections import install_connection
from hub.kinds import DataType
from hub.models import Connection, Job

PASSWORD = "demo-password"  # noqa: S105 - printed by the demo, protects only sample data
SHOP_TOKENS = {"aurora": secrets.token_hex(8), "borealis": secrets.token_hex(8)}
SEARCH_TOKENS = {"aurora": secrets.token_hex(8), "borealis": secrets.token_hex(8)}
STOREFRONT_SECRETS = {"aurora": secrets.token_hex(8)}


@dataclass(slots=True)
class DemoSeller:
    """A seller with its shop and search engine."""

    seller: Seller
    shop: Connection
    search: Connection


@dataclass(slots=True)
class Person:
    email: str
    what: str


PEOPLE = (
    Person("olivia@synccenter.example", "operator: admin and the dashboards of both sellers"),
    Person("ada@aurora.example", "owner of Aurora Outdoor"),
    Person("ben@borealis.example", "owner of Borealis Home"),
)


@transaction.atomic
def create_sellers(*, shop_url: str, search_url: str, drain_seconds: int) -> list[DemoSeller]:
    """Creates sellers, users and connections; installing a shop starts its first full sync (D1)."""
    olivia, ada, ben = PEOPLE
    operator = User.objects.create_superuser(olivia.email, PASSWORD, name="Olivia")
    sellers = []
    for slug, name, person in (("aurora", "Aurora Outdoor", ada), ("borealis", "Borealis Home", ben)):
        seller = Seller.objects.create(slug=slug, name=name, contact_email=person.email)
        owner = User.objects.create_user(person.email, PASSWORD, name=person.email.split("@")[0].title())
        for user in (owner, operator):
            Membership.objects.create(seller=seller, user=user, role=Membership.Role.OWNER)
        search = install_connection(
            seller=seller,
            platform="elevate",
            name=f"{name} search",
            slug=f"{slug}-search",
            base_url=search_url,
            settings={
                "markets": ["uk"],
                "locale": "en-GB",
                "price_list": f"{slug}-shop-price",
                "product_options": ["Colour"],
                "size_option": "Size",
                "drain_every": drain_seconds,
            },
            credentials={"api_key": SEARCH_TOKENS[slug]},
            by=operator,
            start=False,
        )
        shop = install_connection(
            seller=seller,
            platform="bigcommerce",
            name=f"{name} shop",
            slug=f"{slug}-shop",
            base_url=f"{shop_url}/stores/{slug}",
            credentials={"access_token": SHOP_TOKENS[slug]},
            # Brands with a dropship agreement ship their own products.
            field_map={"orders": {"vendor": "brand"}},
            settings={"b2b_channel_id": 1, "price_lists": True},
            by=operator,
        )
        # Customers of the group Trade use the B2B storefront.
        Job.objects.filter(connection=shop, data_type=DataType.CUSTOMERS).update(filters={"b2b_groups": ["Trade"]})
        sellers.append(DemoSeller(seller, shop, search))
    return sellers


def install_storefront(seller_setup: DemoSeller, *, url: str) -> Connection:
    """Installs a B2B storefront for the seller's shop, which starts its first full sync (D1)."""
    slug = seller_setup.seller.slug
    return install_connection(
        seller=seller_setup.seller,
        platform="sparklayer",
        name=f"{seller_setup.seller.name} B2B storefront",
        slug=f"{slug}-b2b",
        base_url=url,
        settings={
            "site_id": slug,
            "client_id": "sandbox-client",
            "shop": seller_setup.shop.slug,
            "price_lists": "all",
        },
        credentials={"client_secret": STOREFRONT_SECRETS[slug]},
    )
