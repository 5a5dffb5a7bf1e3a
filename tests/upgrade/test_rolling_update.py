"""During an update, processes of the previous release and of this one share a database (docs/upgrading.md, O2).

The previous release is taken from Git. A shallow clone fetches that commit from its origin.
"""

import hmac
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import requests
from django.conf import settings
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import User
from catalog.models import Product
from connectors.webhooks.schemes import SIGNATURE_HEADER, TIMESTAMP_HEADER
from hub.kinds import DataType, Direction
from hub.models import Change, Connection, Job, Run
from hub.services import start_run
from orders.models import Order
from sandbox.process import SandboxProcess
from staging_copy.postgres import Database
from synccenter import roles
from synccenter.processes import Processes
from tests.engine.worker import last_run, wait_until
from tests.tiers import TIERS
from tests.upgrade.conftest import default_database, fill_systems, newest, restore
from tests.upgrade.contents import fill, put
from tests.upgrade.make_database import DATABASES, ROOT

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]
# The release that an update starts from (CONTRIBUTING.md): 0.1.0, which has no tag.
PREVIOUS = "25bbba5259502eb3d51328beec35557ebc0bfb5f"
OWNER, OPERATOR = "owner@acorn.example", "operator@hub.example"
RENEW_SECRET = """
from connectors.services.webhooks import renew_webhook_secret
from hub.models import Connection
connection = Connection.objects.get(slug="acorn-shop")
print(connection.webhook_token, renew_webhook_secret(connection=connection, by=None))
"""
# Prints the jobs that the release can run: platform, direction and data type.
JOBS = """
from connectors.adapters.registry import adapters
for platform, adapter in adapters().items():
    print(*(f"{platform}:import:{each}" for each in adapter.sources()))
    print(*(f"{platform}:export:{each}" for each in adapter.targets()))
"""
# Prints the paths of the console's pages: each list, and the newest object of it.
CONSOLE = """
import json
from django.contrib import admin
from django.urls import reverse
paths = []
for model in admin.site._registry:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    paths.append(reverse(f"{name}_changelist"))
    paths += [reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.order_by("-pk")[:1]]
print(json.dumps(paths))
"""


@pytest.fixture(scope="module")
def previous() -> Path:
    """The source of the previous release."""
    folder = TIERS["real"].cache / "previous" / PREVIOUS
    if not folder.exists():
        if git("cat-file", "-e", f"{PREVIOUS}^{{commit}}").returncode:
            fetched = git("fetch", "--quiet", "--depth", "1", "origin", PREVIOUS)
            if fetched.returncode:
                # A shallow clone without its origin, or an archive: there is no previous release to run.
                pytest.skip(f"There is no commit {PREVIOUS} here. Run `git fetch --unshallow`, then try again.")
        unfinished = folder.with_name(f"{PREVIOUS}.{os.getpid()}")
        with ZipFile(io.BytesIO(git("archive", "--format=zip", PREVIOUS).stdout)) as archive:
            archive.extractall(unfinished)
        unfinished.rename(folder)
    return folder


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)


class Installation:
    """Web servers, workers and beats of both releases on the default database."""

    def __init__(self, sources: dict[str, Path], processes: Processes, systems: SandboxProcess) -> None:
        self.sources = sources
        self.processes = processes
        self.systems = systems
        # Release → address of its web server.
        self.urls: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        database = Database.from_url(os.environ["DATABASE_URL"]).named(settings.DATABASES["default"]["NAME"])
        return {"DATABASE_URL": database.url, "PYTHONUNBUFFERED": "1"}

    def renew_secret(self) -> None:
        """The shop signs its events with it. By the previous release: our models may not fit before `migrate`."""
        printed = self.manage("previous", "shell", "--verbosity=0", "--command", RENEW_SECRET)
        self.webhook_token, self.webhook_secret = printed.split()

    def start(self, release: str, role: str) -> None:
        command, started = {
            "worker": (roles.worker(f"worker-{release}"), " ready."),
            "beat": (roles.beat(), "is starting"),
        }[role]
        self.processes.start(f"{role}-{release}", command, self.environment, cwd=self.sources[release])
        self.processes.wait_for(f"{role}-{release}", started, timeout=60)

    def start_web(self, release: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.processes.start(
            f"web-{release}", roles.web(port=port, workers=1), self.environment, cwd=self.sources[release]
        )
        self.processes.wait_for(f"web-{release}", "Listening at", timeout=60)
        self.urls[release] = f"http://127.0.0.1:{port}"

    def stop(self, release: str, role: str) -> None:
        """As an update does: a worker ends its batch."""
        name = f"{role}-{release}"
        os.kill(self.processes.pid(name), 15)
        wait_until(lambda: not self.processes.running(name))

    def manage(self, release: str, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        environment = os.environ | self.environment
        return subprocess.run(
            command, cwd=self.sources[release], env=environment, check=True, capture_output=True, text=True
        ).stdout

    def page(self, release: str, email: str, path: str) -> int:
        """The status of a page for a person."""
        client = Client()
        client.force_login(User.objects.get(email=email))
        cookie = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
        return requests.get(
            f"{self.urls[release]}{path}", cookies=cookie, timeout=30, allow_redirects=False
        ).status_code

    def check_pages(self, release: str) -> None:
        """Pages of merchants, and those of the console that the release has."""
        product, order = Product.objects.get(slug="oak-chair-3"), Order.objects.get(number="1001")
        merchants = ["", "issues/", "runs/", "checks/", "products/", "customers/", "orders/", "statuses/", "webhooks/"]
        merchants += [f"products/{product.pk}/", f"orders/{order.pk}/", f"customers/{order.customer_id}/", "settings/"]
        merchants += [f"runs/{run.pk}/" for run in Run.objects.filter(job__connection__seller__slug="acorn")[:5]]
        pages = [(OWNER, f"/s/acorn/{path}") for path in merchants]
        pages += [
            (OPERATOR, path)
            for path in json.loads(self.manage(release, "shell", "--verbosity=0", "--command", CONSOLE))
        ]
        assert len(pages) > 60
        statuses = {(person, path): self.page(release, person, path) for person, path in pages}
        assert {page: status for page, status in statuses.items() if status != 200} == {}

    def rename(self, release: str, keys: list[str], title: str) -> None:
        """Products get other titles in the shop, which sends an event to the web server of a release."""
        shop = {each["key"]: each for each in self.systems.state("products", "shop")}
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        put(
            self.systems,
            "shop",
            "products",
            [shop[key] | {"title": f"{title} {key}", "updated_at": now} for key in keys],
        )
        body, stamp = json.dumps({"kind": "products", "keys": keys}).encode(), str(int(time.time()))
        signature = hmac.new(self.webhook_secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
        requests.post(
            f"{self.urls[release]}/webhooks/{self.webhook_token}",
            data=body,
            headers={TIMESTAMP_HEADER: stamp, SIGNATURE_HEADER: signature},
            timeout=60,
        ).raise_for_status()

    def wait_for_titles(self, keys: list[str], title: str) -> None:
        wanted = {f"{title} {key}" for key in keys}
        wait_until(lambda: wanted <= {each["title"] for each in self.systems.state("products", "erp")})

    def sync(self, job: Job, **options: Any) -> Run:
        """A run that the workers make, until it is closed."""
        start_run(job=job, trigger=Run.Trigger.BUTTON, **options)
        wait_until(lambda: last_run(job).state not in Run.OPEN)
        return last_run(job)


@pytest.fixture
def sources(previous: Path) -> dict[str, Path]:
    return {"previous": previous, "this": ROOT}


@pytest.fixture
def updating(
    sources: dict[str, Path],
    connected_systems: SandboxProcess,
    processes: Processes,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Installation]:
    """A database as the previous release left it; this one's `migrate` has not run yet."""
    database = Database.from_url(os.environ["DATABASE_URL"]).named("updating")
    # The newest one that the previous release has: of later ones, it knows neither tables nor platforms.
    folder = newest(sources["previous"] / DATABASES.relative_to(ROOT))
    restore(database, folder)
    fill_systems(connected_systems, folder)
    with django_db_blocker.unblock(), default_database(database, connected_systems):
        installation = Installation(sources, processes, connected_systems)
        installation.manage("previous", "migrate", "--no-input", "--verbosity=0")
        yield installation
        processes.stop(grace=0)


def test_processes_are_replaced_one_by_one(updating: Installation) -> None:
    installation = updating
    installation.start_web("previous")
    installation.start("previous", "worker")
    installation.start("previous", "beat")
    installation.renew_secret()
    installation.rename("previous", ["p1"], "before")
    installation.wait_for_titles(["p1"], "before")

    installation.manage("this", "migrate", "--no-input", "--verbosity=0")
    installation.rename("previous", ["p2"], "migrated")
    installation.wait_for_titles(["p2"], "migrated")

    # The worker of the previous release processes what the web server of this one writes.
    installation.start_web("this")
    installation.rename("this", ["p3"], "new web")
    installation.wait_for_titles(["p3"], "new web")
    jobs = list(Job.objects.filter(connection__slug__in=["acorn-shop", "acorn-erp"], data_type=DataType.PRODUCTS))
    assert len(jobs) == 2
    for job in jobs:
        assert installation.sync(job).state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS)

    # Workers of both share the work of both web servers.
    installation.start("this", "worker")
    keys = [f"p{number}" for number in range(1, 13)]
    for title, release in [("first", "this"), ("second", "previous"), ("third", "this")]:
        installation.rename(release, keys, title)
    installation.wait_for_titles(keys, "third")

    # The worker of this release processes what the web server of the previous one writes.
    installation.stop("previous", "worker")
    installation.rename("previous", ["p4"], "old web")
    installation.wait_for_titles(["p4"], "old web")
    for job in jobs:
        assert installation.sync(job).state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS)
    [export] = [job for job in jobs if job.direction == Direction.EXPORT]
    assert installation.sync(export, scope=Run.Scope.COMPARISON).items.count() == 0
    assert not Run.objects.filter(state=Run.State.FAILED).exists()
    [held] = Change.objects.exclude(state=Change.State.READY)
    assert held.last_error == "no weight"
    for name in installation.processes.names():
        assert "Traceback" not in installation.processes.log(name), name


def test_the_previous_release_shows_what_this_one_writes(
    transactional_db: None, sources: dict[str, Path], connected_systems: SandboxProcess, processes: Processes
) -> None:
    """Every kind of row, but no connection to a platform, and no job of a data type, that is new.

    docs/upgrading.md says when these begin.
    """
    fill(connected_systems)
    installation = Installation(sources, processes, connected_systems)
    known = set(installation.manage("previous", "shell", "--verbosity=0", "--command", JOBS).split())
    assert {"rest:export:products", "rest_shop:import:products"} <= known
    Connection.objects.exclude(platform__in={each.split(":")[0] for each in known}).delete()
    for job in Job.objects.select_related("connection"):
        if f"{job.connection.platform}:{job.direction}:{job.data_type}" not in known:
            job.delete()
    installation.start_web("previous")
    installation.check_pages("previous")
    connected_systems.reset()
