"""`./dev demo`: creates sample data, runs an end-to-end scenario, then keeps the product running for the browser."""

import json
import os
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from accounts.models import Seller
from staging_copy.postgres import Database
from synccenter.demo import accounting, dropshipping, real_servers
from synccenter.demo.platforms import Platform, RealServer, free_port, start_services
from synccenter.demo.scenario import Scenario
from synccenter.demo.sellers import (
    PASSWORD,
    PEOPLE,
    SEARCH_TOKENS,
    SHOP_TOKENS,
    STOREFRONT_SECRETS,
    DemoSeller,
    Person,
    create_sellers,
)
from synccenter.demo.staging import StagingCopyDemo, environment, prepare
from synccenter.demo.steps import DemoFailed, Steps
from synccenter.processes import Processes, ProcessFailed
from synclog.models import Issue


class Command(BaseCommand):
    help = (
        "Runs a complete demo with two sellers, each with a simulated shop and search engine: a first full sync, a "
        "price change and a deletion, a webhook, a sync without changes, a B2B storefront, a product feed, an order in "
        "an accounting system, a partial shipment by a vendor, and a masked copy to staging. Keeps running until "
        "Ctrl-C. Starts with an empty database each time. With --real, a real shop and a real ERP instead."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--real",
            action="store_true",
            help="a real shop (Vendure) and a real ERP (Tryton), which are installed the first time",
        )
        parser.add_argument("--once", action="store_true", help="exit after the scenario: 0 if all checks pass, else 1")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary to FILE")
        parser.add_argument("--products", type=int, default=200, help="products per shop (default: %(default)s)")
        parser.add_argument(
            "--port", type=int, default=8000, help="web port (default: %(default)s, or another free port)"
        )

    def handle(self, *args: Any, once: bool, real: bool, products: int, port: int, **options: Any) -> None:
        staging = self._prepare_databases()
        asked_to_stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: asked_to_stop.set() if not once else sys.exit(130))
        started = time.monotonic()
        with Processes() as processes:
            try:
                if real:
                    scenario, logins = self._run_real_scenario(processes, free_port(port))
                else:
                    scenario, logins = self._run_scenario(processes, products, free_port(port), staging)
            except (DemoFailed, ProcessFailed, CalledProcessError) as error:
                for name in processes.names():
                    self.stderr.write(f"--- {name}\n{processes.log(name)[-3000:]}")
                raise CommandError(str(error)) from error
            finally:
                processes.restart = not once
            self._print_summary(scenario, time.monotonic() - started, options["json"])
            if once:
                if not scenario.succeeded:
                    raise CommandError("Some checks failed. See above.")
                return
            self.stdout.write("\n" + "\n".join(logins) + "\n\nPress Ctrl-C to stop.")
            asked_to_stop.wait()
            self.stdout.write("\nStopping...")

    def _prepare_databases(self) -> Database:
        """Prepares empty databases for live and staging. Drops existing data only in the demo's own database."""
        if settings.VAR_DIR.name == "demo":
            # Including the schema, which may be from an earlier version of the code.
            with connection.cursor() as cursor:
                cursor.execute("DROP SCHEMA public CASCADE")
                cursor.execute("CREATE SCHEMA public")
        call_command("migrate", verbosity=0)
        if Seller.objects.exists():
            raise CommandError("The demo needs an empty database, but this one contains sellers.")
        return prepare()

    def _run_scenario(
        self, processes: Processes, products: int, port: int, staging: Database
    ) -> tuple[Steps, list[str]]:
        print_line = self.stdout.write
        print_line("Starting simulated platforms...")
        data_options = {"products": products, "customers": 30, "orders": 12}
        shop = Platform(processes, "bigcommerce", SHOP_TOKENS, quota=450, **data_options)
        search = Platform(processes, "elevate", SEARCH_TOKENS, market="uk:en-GB")
        # So that copies can be started in the admin.
        os.environ |= environment(staging)
        address = self._start_services(processes, port)
        scenario = Scenario(
            create_sellers(shop_url=shop.url, search_url=search.url, drain_seconds=2), shop, search, print_line
        )
        scenario.first_sync()
        scenario.changes()
        scenario.by_webhook()
        scenario.nothing_new()
        storefront = Platform(processes, "sparklayer", STOREFRONT_SECRETS)
        scenario.b2b_storefront(storefront)
        scenario.sub_account(address)
        scenario.by_feed(address)
        accounts = {dropshipping.ACCOUNT: dropshipping.TOKEN, accounting.ACCOUNT: accounting.TOKEN}
        erp = Platform(processes, "netsuite", accounts, products=5)
        ordering = accounting.AccountingDemo(shop, erp, storefront, scenario.sellers[0], print_line)
        scenario.steps.append(ordering.run_step())
        scenario.steps.append(dropshipping.DropshippingDemo(shop, erp, scenario.sellers[0], print_line).run_step())
        copying = StagingCopyDemo(processes, staging, print_line)
        scenario.steps.append(copying.run_step())
        login = f"(log in as {settings.STAGING_ADMIN_EMAIL}, {PASSWORD})"
        logins = self._logins(address, PEOPLE, f"Staging:    {copying.address}admin/ {login}")
        return scenario, [*logins, "", *_fix_in_shop(shop, scenario.sellers[0])]

    def _run_real_scenario(self, processes: Processes, port: int) -> tuple[Steps, list[str]]:
        print_line = self.stdout.write
        print_line("Preparing the real servers (the first time, this installs them and takes some minutes)...")
        prepared = real_servers.prepare()
        search = Platform(processes, "elevate", real_servers.SEARCH_TOKENS, market="uk:en-GB")
        setup = real_servers.create_sellers(prepared, search_url=search.url)
        address = self._start_services(processes, port)
        print_line("Starting the real shop and the real ERP...")
        own = setup.seller.shop
        shop = RealServer(
            processes,
            real_servers.SHOP,
            port=prepared.shop_port,
            plugin_url=f"{address}webhooks/{own.webhook_token}",
            plugin_secret=own.webhook_secret["secret"],
        )
        erp = RealServer(processes, real_servers.ERP)
        scenario = real_servers.RealScenario(setup, shop, erp, search, print_line)
        scenario.first_sync()
        scenario.by_plugin()
        scenario.dropship(prepared.erp_key)
        systems = (
            f"{name:<11} {server.address} (log in as {server.ready['user']}, {server.ready['password']})"
            for name, server in (("Vendure:", shop), ("Tryton:", erp))
        )
        return scenario, self._logins(address, real_servers.PEOPLE, *systems)

    def _start_services(self, processes: Processes, port: int) -> str:
        """Starts web, workers and beat; returns the address."""
        self.stdout.write("Starting web, workers and beat...")
        # The base URL of the webhooks that the workers register.
        os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        start_services(processes, port=port, workers=settings.WORKER_PROCESSES)
        return f"http://127.0.0.1:{port}/"

    def _print_summary(self, scenario: Steps, seconds: float, file: Path | None) -> None:
        self.stdout.write("")
        for step in scenario.steps:
            for check in step.checks:
                style, word = (self.style.SUCCESS, "ok    ") if check.holds else (self.style.ERROR, "FAILED")
                found = "" if check.holds else f" (expected {check.expected}, found {check.found})"
                self.stdout.write(style(f"  {word}  {step.name}: {check.what}{found}"))
        if file is not None:
            summary = {
                "succeeded": scenario.succeeded,
                "seconds": round(seconds, 1),
                "steps": [step.as_json() for step in scenario.steps],
            }
            file.write_text(json.dumps(summary, indent=2, default=str) + "\n")

    def _logins(self, address: str, people: Sequence[Person], *systems: str) -> list[str]:
        """Lines with the addresses of SyncCenter and of other systems, and with whom to log in as."""
        return [
            *(f"Dashboard:  {address}", f"Admin:      {address}admin/", f"REST API:   {address}api/docs", *systems),
            *(f"  {person.email:<28} {PASSWORD}   {person.what}" for person in people),
        ]


def _fix_in_shop(shop: Platform, owner: DemoSeller) -> list[str]:
    """How to fix the product without a price in the simulated shop, which has no pages (docs/first-run.md)."""
    issue = Issue.objects.filter(seller=owner.seller, cause="price_missing", resolved_at=None).first()
    if issue is None:
        return []
    number = issue.external_id.partition(":")[2]
    address = f"{shop.url}/_sandbox/products/{owner.seller.slug}/{number}"
    data = """-H "Content-Type: application/json" -d '{"price": 12.5}'"""
    return [f"Give {issue.title} of {owner.seller} a price in its shop:", f"  curl -X PATCH {address} {data}"]
