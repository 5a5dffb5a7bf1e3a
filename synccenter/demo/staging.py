"""A copy of live on staging: from the backup to the report, with a second web server that shows staging."""

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
from connectors.services import install_connection
from hub import lanes
from hub.models import Connection, PlatformSwitch, Run
from staging_copy import copier, requested_actions, services
from staging_copy.models import Backup, Copy
from staging_copy.postgres import Database
from staging_copy.swap import drop
from synccenter import roles
from synccenter.demo.platforms import Platform, free_port
from synccenter.demo.scenario import Check, DemoFailed, Step
from synccenter.demo.sellers import PASSWORD, PEOPLE
from synccenter.processes import Processes

PRODUCTS = 40
LIVE, STAGING = "Live", "Staging"
KEYS = {LIVE: secrets.token_hex(8), STAGING: secrets.token_hex(8)}
ALIAS = "staging"
MISSING_PRODUCTS = ["3", "5"]
MISSING_SELLER = "2"


@dataclass(slots=True)
class Merchant:
    """A seller of the marketplace, with the id that it has in the shop."""

    slug: str
    name: str
    shop_id: str


MERCHANTS = (Merchant("cirrus", "Cirrus Sports", "1"), Merchant("nimbus", "Nimbus Toys", MISSING_SELLER))


def prepare() -> Database:
    """An empty staging beside live, which must be empty and idle still: it becomes staging's schema."""
    live = copier.live_database()
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
    """What the processes of live must know to copy it."""
    return {"STAGING_DATABASE_URL": staging.url, "STAGING_ADMIN_PASSWORD": PASSWORD}


class StagingCopyDemo:
    """The act, played after the others; `print_line` is called with lines for the screen."""

    def __init__(self, processes: Processes, staging: Database, print_line: Callable[[str], None]) -> None:
        self.processes = processes
        self.staging = staging
        self.print_line = print_line
        self.step = Step("A copy of live on staging")
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
        """Two sellers of a marketplace, read from the live shop."""
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
        self._until("the live shop is read", lambda: not Run.objects.filter(pk__gt=last, state__in=Run.OPEN).exists())

    def _set_up_staging(self, shop: Platform) -> None:
        """What an operator of staging has set up there: its own account at the shop."""
        for merchant in MERCHANTS:
            seller = Seller(slug=merchant.slug, name=merchant.name)
            seller.save(using=ALIAS)
            Connection(
                seller=seller,
                slug=f"{merchant.slug}-marketplace",
                name="Staging's own shop",
                platform="seller_center_shop",
                role="shop",
                # The same server by another name, so that it is not taken for live's.
                base_url=shop.url.replace("127.0.0.1", "localhost"),
                settings={"seller": merchant.shop_id},
                credentials={"service_name": STAGING, "api_key": KEYS[STAGING]},
                state=Connection.State.ACTIVE,
            ).save(using=ALIAS)
        # The copy ends every connection to the database that it replaces.
        connections[ALIAS].close()

    def _copy(self) -> Copy:
        """What the console does when an operator presses the buttons."""
        lanes.notify_workers(requested_actions.BACKUP_TASK)
        self._until("live is backed up", lambda: Backup.objects.filter(state=Backup.State.GOOD).exists())
        copy = services.start_copy(by=User.objects.get(email=PEOPLE[0].email))
        lanes.notify_workers(requested_actions.COPY_TASK)
        under_way = (Copy.State.PLANNED, Copy.State.RUNNING, Copy.State.CHECKING)
        self._until("staging is copied and checked", lambda: self._refreshed(copy).state not in under_way)
        return self._refreshed(copy)

    def _refreshed(self, copy: Copy) -> Copy:
        copy.refresh_from_db()
        return copy

    def _compare(self, copy: Copy) -> None:
        addresses = set(User.objects.using(ALIAS).values_list("email", flat=True))
        addresses |= set(Seller.objects.using(ALIAS).values_list("contact_email", flat=True))
        shops = Connection.objects.using(ALIAS).filter(platform="seller_center_shop")
        gone = Product.objects.using(ALIAS).filter(status="deleted").count()
        key = ApiKey.objects.using(ALIAS).get(pk=self.key.pk)
        masked = f"@{settings.STAGING_COPY_DOMAIN}"
        self._check("the copy", "ended well", copy.get_state_display() + (f": {copy.problem}" if copy.problem else ""))
        self._check("all products are there", Product.objects.count(), Product.objects.using(ALIAS).count())
        self._check("e-mail addresses that are not masked", [], [a for a in addresses if not a.endswith(masked)])
        self._check("staging's own accounts at the shop", {STAGING}, {c.credentials["service_name"] for c in shops})
        self._check("API keys are new", True, key.key_hash != self.key.key_hash)
        self._check("products that the staging shop lacks are deleted", True, 0 < gone <= len(MISSING_PRODUCTS))
        self._check(
            "sellers that the staging shop lacks are deleted",
            ["nimbus"],
            list(Seller.objects.using(ALIAS).filter(status="deleted").values_list("slug", flat=True)),
        )
        self._check("nothing is deleted on live", 0, Product.objects.filter(status="deleted").count())
        self._check("staging's sync was let go", 0, PlatformSwitch.objects.using(ALIAS).count())
        self._check("the report tells all of it", True, bool(copy.report.get("check")))

    def _check(self, what: str, expected: Any, found: Any) -> None:
        self.step.checks.append(Check(what, expected, found))

    def _serve(self) -> None:
        """Staging's own web server, as it would run on a machine of its own."""
        port = free_port(8100)
        self.address = f"http://localhost:{port}/"
        own = {
            "ENVIRONMENT": "staging",
            "DATABASE_URL": self.staging.url,
            "REDIS_URL": settings.REDIS_URL.rpartition("/")[0] + "/1",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "PUBLIC_URL": self.address,
            "SECURE_SSL_REDIRECT": "0",
            "SECURE_COOKIES": "0",
            "STAGING_DATABASE_URL": "",
        }
        # By staging's settings, which want names with a hash.
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
        subprocess.run(collect, cwd=settings.BASE_DIR, env=os.environ | own, check=True)
        self.processes.start("staging", roles.web(port=port, workers=1), own, cwd=settings.BASE_DIR)
        self.processes.wait_for("staging", "Listening at")
        self._check("its administrator signs in on staging", True, self._sign_in())

    def _sign_in(self) -> bool:
        """As a browser does: with the form's cookie and token, and then with the session's."""
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
                raise DemoFailed(f"{self.step.name}: not within {seconds:.0f} s: {what}")
            time.sleep(0.3)  # a display's pace: the loop ends by what the database says
        self.print_line(f"  {time.monotonic() - started:5.1f} s  {what}")
