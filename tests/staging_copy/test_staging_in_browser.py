"""Every page of staging shows its banner: a separate web process, as in production except for TLS, in a browser."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from synccenter import roles
from synccenter.demo.platforms import free_port
from synccenter.processes import Processes
from tests.factories import make_seller

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "known to everybody"


@pytest.fixture
def staging(processes: Processes, process_environment: dict[str, str], tmp_path: Path) -> str:
    """The base URL of a web process that runs as staging."""
    port = free_port(0)
    environment = process_environment | {
        "ENVIRONMENT": "staging",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE=",
        "ALLOWED_HOSTS": "localhost",
        "PUBLIC_URL": f"http://localhost:{port}",
        "SECURE_SSL_REDIRECT": "0",
        "SECURE_COOKIES": "0",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(collect, cwd=ROOT, env=os.environ | environment, check=True)
    processes.start("staging", roles.web(port=port, workers=1), environment, cwd=ROOT)
    processes.wait_for("staging", "Listening at")
    return f"http://localhost:{port}"


@pytest.fixture
def page(browser: Browser, staging: str) -> Iterator[Page]:
    context = browser.new_context(base_url=staging)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_every_page_shows_the_banner(page: Page, staging: str) -> None:
    operator = User.objects.create_superuser("admin@sellercenter.net", PASSWORD)
    seller = make_seller("acme", members=(operator,))
    banner = page.get_by_label("Environment")
    text = strip_tags(render_to_string("_environment.html", {"installation": "staging"}))
    assert "staging" in text.lower()
    for address in ("/admin/", "/login/"):
        page.goto(address)
        expect(banner).to_have_text(" ".join(text.split()))
    page.fill("input[name=username]", operator.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(f"{staging}/s/{seller.slug}/")
    for address in ("/", "/admin/", "/admin/catalog/product/", "/admin/accounts/user/add/", "/nowhere"):
        page.goto(address)
        expect(banner).to_be_in_viewport(ratio=1)
        expect(page).to_have_title(re.compile("staging"))
    page.goto("/admin/accounts/user/add/")
    page.mouse.wheel(0, 10_000)
    expect(banner).to_be_in_viewport(ratio=1)
