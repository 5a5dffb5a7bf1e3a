"""The pages of people's own accounts in a browser: reset, second factor, passkey."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.accounts.conftest import PASSWORD, totp, use_provider
from tests.dashboard.merchants import Merchant

PageOf = Callable[[User | None], Page]


@pytest.fixture
def acorn(transactional_db: None, acorn: Merchant) -> Merchant:
    return acorn


@pytest.fixture
def page(page_of: PageOf, live_server: Any, settings: Any) -> Page:
    settings.PUBLIC_URL = live_server.url
    return page_of(None)


def log_in(page: Page, password: str = PASSWORD, home: str = "") -> None:
    page.goto(f"{home}/login/")
    page.get_by_label("Email").fill("alice@acorn.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def test_password_is_reset_with_the_link(acorn: Merchant, page: Page) -> None:
    page.goto("/login/")
    expect(page.get_by_text("The passkey could not be used")).to_be_hidden()
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email").fill("alice@acorn.example")
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    (link,) = re.findall(r"http\S+", mail.outbox[0].body)
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill("quite another phrase")
    page.get_by_role("button", name="Save password").click()
    page.get_by_role("link", name="Log in").click()
    log_in(page, "quite another phrase")
    expect(page.get_by_role("heading", name="BigCommerce shop", exact=True)).to_be_visible()


def test_passkey_replaces_password_and_app_is_asked_for(acorn: Merchant, page: Page, live_server: Any) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    # Browsers allow no passkeys for addresses like 127.0.0.1.
    home = live_server.url.replace("127.0.0.1", "localhost")
    log_in(page, home=home)
    page.locator("summary", has_text="Your account:").click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Add passkey").click()
    page.get_by_label("Log in with this passkey alone").check()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("table", name="Your passkeys")).to_contain_text("Passkey 1")

    page.get_by_role("link", name="Set up authenticator app").click()
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("Authenticator code").fill(totp(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("Authenticator app added.")).to_be_visible()
    page.get_by_role("link", name="Back to the dashboard").click()
    page.locator("summary", has_text="Your account:").click()
    page.get_by_role("button", name="Log out").click()

    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="BigCommerce shop", exact=True)).to_be_visible()
    page.locator("summary", has_text="Your account:").click()
    page.get_by_role("button", name="Log out").click()

    log_in(page, home=home)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    page.get_by_role("button", name="Use passkey").click()
    expect(page.get_by_role("heading", name="BigCommerce shop", exact=True)).to_be_visible()


def test_invited_person_joins(acorn: Merchant, page: Page, page_of: PageOf) -> None:
    owner = page_of(acorn.owner)
    owner.goto("/s/acorn/team/")
    owner.get_by_label("Email").fill("nora@acorn.example")
    owner.get_by_label("Role", exact=True).select_option("viewer")
    owner.get_by_role("button", name="Send invitation").click()
    expect(owner.get_by_text("Invitation sent to nora@acorn.example.")).to_be_visible()
    (link,) = re.findall(r"http\S+", mail.outbox[0].body)
    page.goto(link)
    page.get_by_label("Your name").fill("Nora")
    page.get_by_label("Password").fill("quite another phrase")
    page.get_by_role("button", name="Create account and join").click()
    expect(page.get_by_text("Welcome to Acorn")).to_be_visible()
    owner.reload()
    expect(owner.get_by_role("table", name="Team members")).to_contain_text("Nora")


def test_single_sign_on(acorn: Merchant, page: Page, settings: Any, issuer: str) -> None:
    use_provider(settings, issuer)
    claims = {"email": "alice@acorn.example", "email_verified": True}
    requests.put(f"{issuer}/users/alice", json=claims, timeout=60).raise_for_status()
    page.goto("/login/?next=/s/acorn/issues/")
    page.get_by_role("link", name="Log in with Acme ID").click()
    page.locator("input[name=sub]").fill("alice")
    page.locator("input[name=sub]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
