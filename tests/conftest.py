"""Fixtures that start what a test needs around it: workers, web server, sandbox, browser.

Processes work on the test database, so tests that use them see each other's committed rows.
"""

import os
import re
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User
from sandbox.process import SandboxProcess
from synccenter import roles
from synccenter.processes import Processes
from tests import forked_sandboxes
from tests.browser_binary import ARGUMENTS, NoBrowser, ensure_browser
from tests.flushing import only_what_has_rows
from tests.services import has_prepared_database

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "var" / "screenshots"

_report = pytest.StashKey[pytest.TestReport]()

# A busy machine fails no test by being slow; pytest's time limit names a test that hangs.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the test's processes wrote, and is remembered for the screenshot."""
    report = yield
    if report.when == "call":
        item.stash[_report] = report
        processes = item.funcargs.get("processes")
        if report.failed and isinstance(processes, Processes):
            report.sections += [(f"log of {name}", processes.log(name)) for name in processes.names()]
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Brings a browser before the first test, whose time it would take; `tests/__main__.py` did if all tests run."""
    if session.config.option.collectonly or not any("browser" in item.fixturenames for item in session.items):
        return
    try:
        # It says what it waits for.
        with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            ensure_browser()
    except NoBrowser as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Whether the test database is there already."""
    return request.config.stash.get(has_prepared_database, False)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix(request: pytest.FixtureRequest) -> None:
    """No name of its own for each process, since each has a server of its own."""


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """After a test that commits, only the tables that it filled are emptied."""
    with only_what_has_rows():
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_settings() -> Iterator[None]:
    """Hashing a password takes no longer than anything else, and no client lists all static files before its first
    request. A turn in the test's own process ends with its work, never early because the machine is busy."""
    hashers = ["tests.passwords.QuickHasher", *settings.PASSWORD_HASHERS]
    with override_settings(
        PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True, TURN_SECONDS=settings.PREPARE_SECONDS
    ):
        yield


@pytest.fixture(scope="session")
def _redis() -> Iterator[redis.Redis]:
    with closing(redis.Redis.from_url(os.environ["REDIS_URL"])) as client:
        yield client


@pytest.fixture(autouse=True)
def empty_redis(_redis: redis.Redis) -> None:
    """Nothing that an earlier test left in Redis (messages, locks, budgets) reaches the next."""
    _redis.flushdb()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """What a process of its own needs to work on the test database."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {"DATABASE_URL": database.geturl(), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Processes that end with the test; a failing test shows their logs."""
    group = Processes()
    yield group
    # What a worker was still at is of no interest to anybody, and a warm shutdown takes seconds.
    group.stop(grace=0)


@pytest.fixture
def workers(processes: Processes, process_environment: dict[str, str]) -> Callable[[int], list[str]]:
    """`workers(n)` starts n Celery workers of one process each, and returns their names in `processes`."""

    def start(count: int) -> list[str]:
        names = [f"worker-{number}" for number in range(1, count + 1)]
        for name in names:
            processes.start(name, roles.worker(name), process_environment, cwd=ROOT)
        for name in names:
            processes.wait_for(name, " ready.")
        return names

    return start


@pytest.fixture
def worker(workers: Callable[[int], list[str]]) -> str:
    """A Celery worker; its name in `processes`."""
    return workers(1)[0]


@pytest.fixture
def beat(processes: Processes, process_environment: dict[str, str]) -> str:
    """Celery beat; its name in `processes`."""
    processes.start("beat", roles.beat(), process_environment, cwd=ROOT)
    processes.wait_for("beat", "is starting")
    return "beat"


@pytest.fixture
def web(processes: Processes, process_environment: dict[str, str]) -> str:
    """The product behind gunicorn, as it is served in production; its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    processes.start("web", roles.web(port=port), process_environment, cwd=ROOT)
    processes.wait_for("web", "Listening at")
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def _sandboxes() -> Iterator[dict[str, SandboxProcess]]:
    running: dict[str, SandboxProcess] = {}
    yield running
    # All at once: a graceful stop takes each of them a moment, and nothing of theirs is needed any more.
    for each in running.values():
        each.process.kill()
    for each in running.values():
        each.stop()


@pytest.fixture
def may_break_contracts(request: pytest.FixtureRequest) -> bool:
    """Whether requests of this test may break the contract of a sandbox (marker `breaks_contract`).

    A simulated response may never.
    """
    return request.node.get_closest_marker("breaks_contract") is not None


@pytest.fixture
def sandbox(
    _sandboxes: dict[str, SandboxProcess], may_break_contracts: bool
) -> Iterator[Callable[..., SandboxProcess]]:
    """`sandbox(platform, accounts={...}, **options)`: a sandbox as it is just after its start.

    One process serves all tests that ask for the same, and is reset after each. The test fails if a request or an
    answer broke the platform's contract.
    """
    used: dict[str, SandboxProcess] = {}

    def start(platform: str, *, accounts: dict[str, str], **options: Any) -> SandboxProcess:
        key = repr((platform, sorted(accounts.items()), sorted(options.items())))
        if key not in _sandboxes:
            _sandboxes[key] = forked_sandboxes.start(platform, accounts=accounts, **options)
        used[key] = _sandboxes[key]
        return used[key]

    yield start
    violations = []
    for each in used.values():
        violations += [
            f"{each.platform}: {found['direction']} {found['method']} {found['path']} ({found['status']}): "
            f"{found['kind']}: {found['detail']}"
            for found in each.violations()
            if found["direction"] == "response" or not may_break_contracts
        ]
        each.clear_violations()
        each.reset()
    assert not violations, "\n".join(["The contract was broken:", *dict.fromkeys(violations)])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for all tests of the run."""
    # Playwright's loop runs in this thread, which Django takes for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=ensure_browser(), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page_of(
    browser: Browser, live_server: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[[User | None], Page]]:
    """`page_of(user)`: a page of a browser in which the user is signed in (None: nobody).

    Addresses may be relative (`page.goto("/")`). A script error on the page fails the test; a failing test
    leaves a screenshot in var/screenshots.
    """
    pages: list[Page] = []
    errors: list[str] = []

    def open_page(user: User | None) -> Page:
        context = browser.new_context(base_url=live_server.url)
        context.set_default_timeout(10_000)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append(page)
        return page

    yield open_page
    report = request.node.stash.get(_report, None)
    if report is not None and report.failed:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", request.node.nodeid)
        for number, page in enumerate(pages, 1):
            page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png", full_page=True)
    for page in pages:
        page.context.close()
    assert not errors, f"Scripts on the page failed: {errors}"


@pytest.fixture
def page(page_of: Callable[[User | None], Page]) -> Page:
    """A page of a browser in which nobody is signed in."""
    return page_of(None)
