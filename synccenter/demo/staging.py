"""Demo step: copies live to staging, from the backup to the report, and starts a second web server for staging."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.db import connection, connections

from accounts.models import ApiKey, Seller, User
from accounts.services import create_api_key
from catalog.models import Product
from connectors.services.connections import install_connection
from hub import lanes
from hub.models import Connection, PlatformSwitch, Run
from staging_copy import requested_actions, services
from staging_copy.copying.config import live_database
from staging_copy.copying.swap import drop
from staging_copy.models import Backup, Copy
from staging_copy.postgres import Database
from synccenter import roles
from synccenter.demo.platforms import Platform, free_port
from synccenter.demo.sellers import PASSWORD, PEOPLE
from synccenter.demo.steps import Check, DemoFailed, Step
from synccenter.processes import Processes

PRODUCTS = 40
LIVE, STAGING = "Live", "Staging"
KEYS = {LIVE: secrets.token_hex(8), STAGING: secrets.token_hex(8)}
ALIAS = "staging"
MISSING_PRODUCTS = ["3", "5"]
MISSING_SELLER = "2"


@dataclass(slots=True)
class Merchant:
    """A seller of the marketplace, with its ID in the shop."""

    slug: str
    name: str
    shop_id: str


MERCHANTS = (Merchant("cirrus", "Cirrus Sports", "1"), Merchant("nimbus", "Nimbus Toys", MISSING_SELLER))


def prepare() -> Database:
    """Creates an empty staging database with live's schema; live must still be empty and without connections."""
    live = live_database()
    staging = live.named(f"{live.name}_staging")
    settings.STAGING_DATABASE_URL = staging.url
    settings.STAGING_ADMIN_PASSWORD = PASSWORD
    connection.close()
    for name in ("", "_next", "_previous"):
        drop(staging, f"{staging.name}{name}")
    with live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{staging.name}" TEMPLATE "{live.name}"')
    services.register_staging(by=None)
    connections.settings[ALIAS] = connections.settings["default"] | {"NAME": staging.name, "CONN_MAX_AGE": 0}
    return staging


def environment(staging: Database) -> dict[str, str]:
    """The environment variables that live's processes need for the copy."""
    return {"STAGING_DATABASE_URL": staging.url, "STAGING_ADMIN_PASSWORD": PASSWORD}


class StagingCopyDemo:
    """Runs the step; `print_line` is called with each line of output."""

    def __init__(self, processes: Processes, staging: Database, print_line: Callable[[str], None]) -> None:
        self.processes = processes
        self.staging = staging
        self.print_line = print_line
        self.step = Step("Live-to-staging copy")
        self.address = ""

    def run_step(self) -> Step:
        started = time.monotonic()
        self.print_line(f"\n{self.step.name}")
        self.processes.start("copier", roles.copier(), cwd=settings.BASE_DIR)
        shop = Platform(self.processes, "seller_center_shop", KEYS, products=PRODUCTS)
        self._set_up_live(shop)
        self._set_up_staging(shop)
        for kind, ids in (("products", MISSING_PRODUCTS), ("sellers", [MISSING_SELLER])):
            shop.control("POST", "delete", json={"account": STAGING, "kind": kind, "ids": ids})
        copy = self._copy()
        self._compare(copy)
        self._serve()
        self.step.seconds = round(time.monotonic() - started, 1)
        return self.step

    def _set_up_live(self, shop: Platform) -> None:
        """Creates two marketplace sellers and imports their data from the live shop."""
        last = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        for merchant in MERCHANTS:
            seller = Seller.objects.create(
                slug=merchant.slug, name=merchant.name, contact_email=f"owner@{merchant.slug}.example"
            )
            install_connection(
                seller=seller,
                platform="seller_center_shop",
                name=f"{merchant.name} in the marketplace",
                slug=f"{merchant.slug}-marketplace",
                base_url=shop.url,
                settings={"seller": merchant.shop_id},
                credentials={"service_name": LIVE, "api_key": KEYS[LIVE]},
            )
        self.key, _ = create_api_key(user=User.objects.get(email=PEOPLE[0].email), name="script", scopes=["sync:read"])
        self._until("Reading live shop", lambda: not Run.objects.filter(pk__gt=last, state__in=Run.OPEN).exists())

    def _set_up_staging(self, shop: Platform) -> None:
        """Creates connections on staging with its own account in the shop."""
        for merchant in MERCHANTS:
            seller = Seller(slug=merchant.slug, name=merchant.name)
            seller.save(using=ALIAS)
            Connection(
                seller=seller,
                slug=f"{merchant.slug}-marketplace",
                name="Staging's own shop",
                platform="seller_center_shop",
                role="shop",
                # Another name for the same server, so that the endpoint differs from live's.
                base_url=shop.url.replace("127.0.0.1", "localhost"),
                settings={"seller": merchant.shop_id},
                credentials={"service_name": STAGING, "api_key": KEYS[STAGING]},
                state=Connection.State.ACTIVE,
            ).save(using=ALIAS)
        # The copy terminates all connections to the database that it replaces.
        connections[ALIAS].close()

    def _copy(self) -> Copy:
        """Backs up and copies live, like the admin's buttons do."""
        lanes.notify_workers(requested_actions.BACKUP_TASK)
        self._until("Backing up live", lambda: Backup.objects.filter(state=Backup.State.GOOD).exists())
        copy = services.start_copy(by=User.objects.get(email=PEOPLE[0].email))
        lanes.notify_workers(requested_actions.COPY_TASK)
        under_way = (Copy.State.PLANNED, Copy.State.RUNNING, Copy.State.CHECKING)
        self._until("Copying to staging and checking the shops", lambda: self._refreshed(copy).state not in under_way)
        return self._refreshed(copy)

    def _refreshed(self, copy: Copy) -> Copy:
        copy.refresh_from_db()
        return copy

    def _compare(self, copy: Copy) -> None:
        addresses = set(User.objects.using(ALIAS).values_list("email", flat=True))
        addresses |= set(Seller.objects.using(ALIAS).values_list("contact_email", flat=True))
        shops = Connection.objects.using(ALIAS).filter(platform="seller_center_shop")
        deleted = Product.objects.using(ALIAS).filter(status="deleted").count()
        key = ApiKey.objects.using(ALIAS).get(pk=self.key.pk)
        masked = f"@{settings.STAGING_COPY_DOMAIN}"
        outcome = copy.get_state_display() + (f": {copy.problem}" if copy.problem else "")
        self._check("the copy succeeded", str(Copy.State.DONE.label), outcome)
        self._check("all products are on staging", Product.objects.count(), Product.objects.using(ALIAS).count())
        self._check("all email addresses are masked", [], [a for a in addresses if not a.endswith(masked)])
        self._check("staging uses its own shop account", {STAGING}, {c.credentials["service_name"] for c in shops})
        self._check("API keys are replaced", True, key.key_hash != self.key.key_hash)
        self._check("products missing in the staging shop are deleted", True, 0 < deleted <= len(MISSING_PRODUCTS))
        self._check(
            "sellers missing in the staging shop are deleted",
            ["nimbus"],
            list(Seller.objects.using(ALIAS).filter(status="deleted").values_list("slug", flat=True)),
        )
        self._check("no product was deleted on live", 0, Product.objects.filter(status="deleted").count())
        self._check("staging sync is unfrozen", 0, PlatformSwitch.objects.using(ALIAS).count())
        self._check("the report includes the check", True, bool(copy.report.get("check")))

    def _check(self, what: str, expected: Any, found: Any) -> None:
        self.step.checks.append(Check(what, expected, found))

    def _serve(self) -> None:
        """Starts staging's own web server, as it would run on another machine."""
        port = free_port(8100)
        self.address = f"http://localhost:{port}/"
        own = {
            "ENVIRONMENT": "staging",
            **self.staging.environment,
            "REDIS_URL": settings.REDIS_URL.rpartition("/")[0] + "/1",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "PUBLIC_URL": self.address,
            "SECURE_SSL_REDIRECT": "0",
            "SECURE_COOKIES": "0",
            "STAGING_DATABASE_URL": "",
        }
        # With staging's settings, which use hashed file names.
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
        subprocess.run(collect, cwd=settings.BASE_DIR, env=os.environ | own, check=True)
        self.processes.start("staging", roles.web(port=port, workers=1), own, cwd=settings.BASE_DIR)
        self.processes.wait_for("staging", "Listening at")
        self._check("the shared admin can log in on staging", True, self._log_in())

    def _log_in(self) -> bool:
        """Logs in like a browser, with the form's CSRF token; returns whether the admin is shown."""
        with requests.Session() as browser:
            browser.trust_env = False
            browser.get(f"{self.address}login/")
            form = {
                "username": settings.STAGING_ADMIN_EMAIL,
                "password": PASSWORD,
                "csrfmiddlewaretoken": browser.cookies.get("csrftoken", ""),
                "next": "/admin/",
            }
            answer = browser.post(f"{self.address}login/", form)
            return answer.ok and answer.url == f"{self.address}admin/"

    def _until(self, what: str, condition: Callable[[], bool], *, seconds: float = 90.0) -> None:
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > seconds:
                raise DemoFailed(f"{what}: timed out after {seconds:.0f} s.")
            time.sleep(0.3)  # polling interval
        self.print_line(f"    {what}... done ({time.monotonic() - started:.1f} s)")
