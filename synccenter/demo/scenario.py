"""The demo's scenario: full syncs of two shops to search engines, then changes by manual sync, webhook and feed."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import requests

from accounts.services import create_api_key
from catalog.models import Product, Status
from connectors.models import WebhookEvent, WebhookSubscription
from connectors.services.runs import sync
from hub import links
from hub.kinds import DataType, Kind
from hub.models import Run
from orders.models import Customer
from synccenter.demo.platforms import Platform
from synccenter.demo.sellers import DemoSeller, install_storefront
from synccenter.demo.steps import Check, Steps
from synclog.models import Issue, SyncLog

# The storefront's slug of the price list that the shop assigns to the group Trade.
GROUP_LIST = "sc-trade"


class Scenario(Steps):
    """Runs the steps with simulated shops."""

    def __init__(
        self, sellers: Sequence[DemoSeller], shop: Platform, search: Platform, print_line: Callable[[str], None]
    ) -> None:
        super().__init__(sellers, search, print_line)
        self.shop = shop

    def first_sync(self) -> None:
        """Syncs all products of the shops to the search engines; products that cannot be synced get an issue."""
        step, since = self._start_step("First full sync")
        self._wait(step, since)
        for seller_setup in self.sellers:
            self._compare_target(step, seller_setup)
            groups = list(self.search.holds(seller_setup.seller.slug, "groups"))
            products = [each for group in groups for each in group["productGroup"]["products"].values()]
            pictured = any(each.get("images") for each in products)
            colors = len(products) > len(groups)
            step.checks += [
                Check(f"{seller_setup.seller}: the search engine has images", True, pictured),
                Check(f"{seller_setup.seller}: colors are products of their group", True, colors),
            ]
            issues = Issue.objects.filter(seller=seller_setup.seller, resolved_at=None).count()
            step.checks.append(Check(f"{seller_setup.seller}: invalid items have issues", True, issues > 0))

    def changes(self) -> None:
        """Changes a price and deletes a product in the first shop, then syncs manually."""
        step, since = self._start_step("Price change and deleted product")
        seller_setup = self.sellers[0]
        links = list(self._sent(seller_setup).order_by("item_id")[:2])
        repriced, deleted = (self._external_id(seller_setup, link.item_id) for link in links)
        account = seller_setup.seller.slug
        self.shop.control("PATCH", f"products/{account}/{repriced}", json={"price": 1234.5, "sale_price": 0})
        self.shop.control("DELETE", f"products/{account}/{deleted}")
        sync(connection=seller_setup.shop, data_type=DataType.PRODUCTS, trigger=Run.Trigger.BUTTON)
        self._wait(step, since)
        found = {group["key"]: group for group in self.search.holds(account, "groups")}
        step.checks += [
            Check("the new price is in the search engine", True, "1234.5" in str(found.get(links[0].external_id))),
            Check("the deleted product is not in the search engine", True, links[1].external_id not in found),
        ]
        self._compare_target(step, seller_setup)

    def by_webhook(self) -> None:
        """Changes a price in the first shop, which triggers a sync by webhook."""
        step, _ = self._start_step("Price change by webhook")
        seller_setup = self.sellers[0]
        self._wait_for(
            lambda: WebhookSubscription.objects.filter(connection=seller_setup.shop, healthy=True).exists(),
            "webhooks to be registered in the shop",
        )
        link = self._sent(seller_setup).order_by("-item_id")[0]
        account, number = seller_setup.seller.slug, self._external_id(seller_setup, link.item_id)
        started = time.monotonic()
        self.shop.control("PATCH", f"products/{account}/{number}", json={"price": 4321.5, "sale_price": 0})
        self._wait_for(
            lambda: any(
                group["key"] == link.external_id and "4321.5" in str(group)
                for group in self.search.holds(account, "groups")
            ),
            "the new price in the search engine",
        )
        step.seconds = round(time.monotonic() - started, 2)
        self.print_line(f"    Price change reached search in {step.seconds} s")
        received_events = WebhookEvent.objects.filter(connection=seller_setup.shop, payload__data__id=int(number))
        step.checks.append(
            Check("the shop's webhook was processed", True, received_events.filter(state="done").exists())
        )

    def by_feed(self, address: str) -> None:
        """Fetches the full product feed, then only the changes since."""
        step, _ = self._start_step("Product feed")
        seller_setup = self.sellers[0]
        _, key = create_api_key(name="Feed reader", scopes=["feeds:read"], seller=seller_setup.seller)
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            started = time.monotonic()
            full_feed = session.get(f"{address}api/v1/feeds/products/full", timeout=30)
            step.seconds = round(time.monotonic() - started, 2)
            fetched = [json.loads(line) for line in full_feed.iter_lines()]
            self.print_line(
                f"    {len(fetched)} products in {step.seconds} s, {len(full_feed.content) // 1024} KiB of JSON Lines"
            )
            offered = Product.objects.filter(seller=seller_setup.seller, status__in=(Status.LIVE, Status.SUSPENDED))
            all_items = sorted(offered.values_list("pk", flat=True))
            step.checks.append(
                Check("it contains all products for sale", True, [one["id"] for one in fetched] == all_items)
            )

            changed_id = self._sent(seller_setup).order_by("-item_id")[0].item_id
            number = self._external_id(seller_setup, changed_id)
            self.shop.control(
                "PATCH", f"products/{seller_setup.seller.slug}/{number}", json={"price": 777.5, "sale_price": 0}
            )
            since = {"cursor": full_feed.headers["Feed-Cursor"]}
            changed_items: list[Any] = []

            def arrived() -> bool:
                changed_items[:] = session.get(f"{address}api/v1/feeds/products", params=since, timeout=30).json()[
                    "items"
                ]
                return "777.5" in str(changed_items)

            self._wait_for(arrived, "the new price in the feed")
            step.checks.append(
                Check(
                    "the changes contain only the product with the new price",
                    [changed_id],
                    [one["id"] for one in changed_items],
                )
            )

    def nothing_new(self) -> None:
        """Runs another full sync without changes, which must not write to the search engines."""
        step, since = self._start_step("Full sync without changes")
        before = self.search.writes()
        for seller_setup in self.sellers:
            sync(connection=seller_setup.shop, data_type=DataType.PRODUCTS, trigger=Run.Trigger.BUTTON)
        self._wait(step, since)
        step.checks.append(Check("nothing was written to the search engines", 0, self.search.writes() - before))

    def b2b_storefront(self, storefront: Platform) -> None:
        """Connects a B2B storefront to the first shop; the initial sync must appear in the storefront's own log."""
        step, since = self._start_step("B2B storefront for the first shop")
        seller_setup = self.sellers[0]
        account = seller_setup.seller.slug
        connection = install_storefront(seller_setup, url=storefront.url)
        self._wait(step, since)
        log = SyncLog.objects.get(connection=connection, data_type=DataType.PRODUCTS)
        ended = log.last_full_sync.isoformat().replace("+00:00", "Z") if log.last_full_sync else ""
        self._wait_for(
            lambda: any(each["last_full_sync"] == ended for each in storefront.holds(account, "logs")),
            "the sync in the storefront's log",
        )
        group_list = next(each for each in storefront.holds(account, "price_lists") if each["slug"] == GROUP_LIST)
        priced = sum(each["price_list"] == GROUP_LIST for each in storefront.holds(account, "prices"))
        customers = list(storefront.holds(account, "customers"))
        step.checks.append(Check("the prices of a customer group are in the storefront", True, priced > 0))
        step.checks.append(
            Check(
                f"the customers of the group have the list {group_list['name']}",
                True,
                bool(customers) and all(GROUP_LIST in each["price_lists"] for each in customers),
            )
        )
        live = Product.objects.filter(seller=seller_setup.seller, status=Status.LIVE).values("pk")
        ids = links.of_kind(seller_setup.shop.pk, Kind.PRODUCT).filter(missing=False, item_id__in=live)
        blocked = Issue.objects.filter(sync_log=log, resolved_at=None).values("item_id")
        storefront_ids = {each["external_id"] for each in storefront.holds(account, "products")}
        wanted = set(ids.exclude(item_id__in=blocked).values_list("external_id", flat=True))
        step.checks += [
            Check("no product is missing in the storefront", set(), wanted - storefront_ids),
            Check(
                "the storefront has the price list",
                True,
                "BigCommerce Price" in [each["name"] for each in storefront.holds(account, "price_lists")],
            ),
        ]

    def sub_account(self, address: str) -> None:
        """Creates a sub-account as the storefront does; the shop must have the customer when the call returns."""
        step, _ = self._start_step("Sub-account from the B2B storefront")
        seller_setup = self.sellers[0]
        account = seller_setup.seller.slug
        parent = Customer.objects.filter(seller=seller_setup.seller, b2b_enabled=True).order_by("pk")[0]
        _, key = create_api_key(name="Storefront", scopes=["customers:write"], seller=seller_setup.seller)
        body = {
            "email": "sam.sub@aurora.example",
            "first_name": "Sam",
            "last_name": "Sub",
            "parent_customer_external_id": links.external_ids(seller_setup.shop.pk, {(Kind.CUSTOMER, parent.pk)})[
                Kind.CUSTOMER, parent.pk
            ],
        }
        started = time.monotonic()
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            answer = session.post(f"{address}api/v1/live/{account}/sub-accounts", json=body, timeout=30)
        step.seconds = round(time.monotonic() - started, 2)
        self.print_line(f"    Created in {step.seconds} s")
        emails = {each["email"] for each in self.shop.holds(account, "customers")}
        step.checks += [
            Check("the call succeeded", 201, answer.status_code),
            Check("the shop has the customer", True, body["email"] in emails),
        ]
