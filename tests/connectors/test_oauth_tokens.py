"""OAuth 2 refresh tokens that can be used once: stored before use, refreshed by one worker, never guessed about."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections, transaction
from django.utils import timezone

from connectors.adapters.oauth_tokens import DatabaseTokenStore, store_tokens
from connectors.models import OAuthTokens
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import Response
from connectors.sdk.tokens import TokenPair
from connectors.services.connections import uninstall_connection, update_connection
from hub.kinds import DataType
from hub.models import Connection, Job, JobState, Run
from hub.services import resume_job, start_run
from sandbox.process import SandboxProcess
from tests.adapters import documented_platform
from tests.connectors.refreshing import open_client
from tests.engine.worker import last_run, skip_delays, wait_until, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)

State = OAuthTokens.State
ROOT = Path(__file__).resolve().parents[2]


def row() -> OAuthTokens:
    return OAuthTokens.objects.get()


def pair(name: str) -> TokenPair:
    return TokenPair(f"access-{name}", f"refresh-{name}", datetime.now(UTC) + timedelta(hours=1))


def refreshes(simulator: SandboxProcess) -> int:
    """How many calls for a token the vendor got."""
    return sum(call["path"] == "/oauth/token" for call in simulator.calls())


# Stored


def test_tokens_are_stored_encrypted(acme: Connection) -> None:
    store_tokens(connection=acme, tokens=pair("one"))
    with database.cursor() as cursor:
        cursor.execute("SELECT tokens FROM connectors_oauthtokens")
        [(stored,)] = cursor.fetchall()
    assert b"one" not in bytes(stored)
    loaded = DatabaseTokenStore(acme).load()
    assert loaded is not None and loaded.refresh_token == "refresh-one"


def test_tokens_that_no_key_decrypts_need_a_person(acme: Connection, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["YW5vdGhlci1rZXktb2YtMzItYnl0ZXMtZm9yLXRlc3Q="]
    with pytest.raises(NeedsAttention, match="not authorized"):
        DatabaseTokenStore(acme).load()


def test_an_entered_token_replaces_the_stored_ones_only_if_it_is_new(acme: Connection) -> None:
    def enter(refresh_token: str) -> None:
        update_connection(
            connection=acme,
            by=None,
            name=acme.name,
            base_url=acme.base_url,
            settings=acme.settings,
            field_map={},
            credentials={"refresh_token": refresh_token},
        )

    store_tokens(connection=acme, tokens=pair("newest"))
    enter(documented_platform.ACCOUNT[1])  # as a form does that was saved for another field
    assert row().pair.refresh_token == "refresh-newest"
    enter("another")
    assert row().pair == TokenPair("", "another", acme.created_at)


def test_uninstalling_forgets_the_tokens(acme: Connection) -> None:
    uninstall_connection(connection=acme, by=None)
    assert not OAuthTokens.objects.exists()


# Refreshed


class WatchedClient(HttpClient):
    """Notes which refresh token is stored at the time of each call."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stored: list[tuple[str, str]] = []

    def _send(self, method: str, url: str, *args: Any) -> Response:
        self.stored.append((url.removeprefix(self.base_url), row().pair.refresh_token))
        return super()._send(method, url, *args)


def test_a_new_refresh_token_is_stored_before_its_access_token_is_used(
    acme: Connection, simulator: SandboxProcess
) -> None:
    http = open_client(acme, WatchedClient)
    http.get("/products")
    assert isinstance(http, WatchedClient)
    [tokens] = simulator.state("tokens")
    assert http.stored == [("/oauth/token", documented_platform.ACCOUNT[1]), ("/products", *tokens["valid"])]


def test_an_access_token_that_is_rejected_is_refreshed_once(acme: Connection, simulator: SandboxProcess) -> None:
    store_tokens(connection=acme, tokens=TokenPair("revoked", documented_platform.ACCOUNT[1], pair("").expires_at))
    assert open_client(acme).get("/products").status == 200
    assert [call["status"] for call in simulator.calls()] == [401, 200, 200]


def test_two_workers_make_one_call_and_hold_no_lock_during_it(acme: Connection, simulator: SandboxProcess) -> None:
    simulator.fault("slow", path="/oauth/token", delay=1.5)

    def call() -> int:
        try:
            return open_client(acme).get("/products").status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as worker:
        first = worker.submit(call)
        wait_until(lambda: refreshes(simulator) == 1)
        assert held_by_others() == (0, 0)
        with pytest.raises(TryAgainLater, match="Another worker") as waiting:
            open_client(acme).get("/products")
        assert not waiting.value.sent and waiting.value.not_before is not None
        assert waiting.value.not_before <= timezone.now() + timedelta(seconds=2)
        assert first.result() == 200
    assert open_client(acme).get("/products").status == 200
    assert refreshes(simulator) == 1
    assert (row().state, row().lease_until, row().epoch) == (State.VALID, None, 1)


def held_by_others() -> tuple[int, int]:
    """(open transactions, locks) of other sessions in this database, relation locks of idle sessions included."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL),"
            " (SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid()"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return cursor.fetchone()


def test_a_refresh_inside_a_transaction_is_a_bug_and_calls_nobody(acme: Connection, simulator: SandboxProcess) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        open_client(acme).get("/products")
    assert simulator.calls() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 503},
        {"fault": "status", "status": 429},
        {"fault": "status", "status": 500},
    ],
    ids=str,
)
def test_an_error_of_the_vendor_leaves_the_token_as_it_was(
    acme: Connection, simulator: SandboxProcess, fault: dict[str, Any]
) -> None:
    simulator.fault(path="/oauth/token", times=1, **fault)
    with pytest.raises(TryAgainLater):
        open_client(acme).get("/products")
    assert row().state == State.VALID
    assert open_client(acme).get("/products").status == 200


def test_a_call_that_never_left_leaves_the_token_as_it_was(acme: Connection, simulator: SandboxProcess) -> None:
    acme.base_url = "http://127.0.0.1:9"
    with pytest.raises(TryAgainLater) as failed:
        open_client(acme).get("/products")
    assert not failed.value.sent and row().state == State.VALID


# Lost


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "drop", "when": "after"},
        {"fault": "half_body", "when": "after"},
        {"fault": "garbage", "when": "after"},
        {"fault": "status", "status": 200, "body": {"surprise": []}},
    ],
    ids=str,
)
def test_after_a_lost_answer_nobody_presents_the_token_again(
    acme: Connection, simulator: SandboxProcess, fault: dict[str, Any]
) -> None:
    simulator.fault(path="/oauth/token", times=1, **fault)
    for _ in range(3):
        with pytest.raises(NeedsAttention, match="authorized again") as lost:
            open_client(acme).get("/products")
        assert "new refresh token" in lost.value.fix
    assert refreshes(simulator) == 1


def test_a_spent_token_is_presented_once(acme: Connection, simulator: SandboxProcess) -> None:
    store_tokens(connection=acme, tokens=TokenPair("", "spent", timezone.now()))
    for _ in range(3):
        with pytest.raises(NeedsAttention) as rejected:
            open_client(acme).get("/products")
        assert rejected.value.fix
    assert refreshes(simulator) == 1


def test_a_lost_answer_pauses_the_job_until_a_person_enters_a_new_token(
    acme: Connection, simulator: SandboxProcess
) -> None:
    simulator.fault("drop", path="/oauth/token", when="after", times=1)
    job = Job.objects.get(connection=acme, data_type=DataType.PRODUCTS)
    work_until_idle()
    skip_delays()
    attention = JobState.objects.get(job=job).attention
    assert "authorized again" in attention and "new refresh token" in attention
    run = last_run(job)
    assert (run.state, run.reason) == (Run.State.FAILED, attention)
    assert [call["path"] for call in simulator.calls()] == ["/oauth/token"]

    token = simulator.control("POST", "grants")["refresh_token"]
    update_connection(
        connection=acme,
        by=None,
        name=acme.name,
        base_url=acme.base_url,
        settings=acme.settings,
        field_map={},
        credentials={"refresh_token": token},
    )
    resume_job(job=job, by=None)
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert last_run(job).state == Run.State.DONE


@pytest.mark.system
def test_a_worker_killed_between_the_call_and_the_save_is_a_lost_answer(
    acme: Connection, simulator: SandboxProcess, process_environment: dict[str, str]
) -> None:
    argv = [sys.executable, "-m", "tests.connectors.killed_refresh", str(acme.pk)]
    worker = subprocess.run(argv, env=os.environ | process_environment, cwd=ROOT, check=False)
    assert worker.returncode == -signal.SIGKILL
    assert refreshes(simulator) == 1 and row().state == State.REFRESHING
    with pytest.raises(TryAgainLater):  # it may still be at it
        open_client(acme).get("/products")
    OAuthTokens.objects.update(lease_until=timezone.now())
    for _ in range(2):
        with pytest.raises(NeedsAttention, match="authorized again"):
            open_client(acme).get("/products")
    assert refreshes(simulator) == 1 and row().state == State.RECONNECT


# Fenced


def refresh(acme: Connection, meanwhile: Callable[[], object]) -> TokenPair:
    """Refresh while something else happens during the call."""

    def exchange(refresh_token: str) -> TokenPair:
        meanwhile()
        return pair("answer")

    return DatabaseTokenStore(acme).refresh(replaces="", exchange=exchange)


def test_an_answer_after_the_lease_has_expired_is_still_the_token_in_force(acme: Connection) -> None:
    def expire() -> None:
        OAuthTokens.objects.update(lease_until=timezone.now())
        with pytest.raises(NeedsAttention):
            DatabaseTokenStore(acme).refresh(replaces="", exchange=lambda token: pair("never"))

    refresh(acme, expire)
    assert (row().state, row().pair.refresh_token) == (State.VALID, "refresh-answer")


def test_a_late_answer_does_not_replace_a_new_authorization(acme: Connection) -> None:
    refresh(acme, lambda: store_tokens(connection=acme, tokens=pair("person")))
    assert (row().state, row().pair.refresh_token) == (State.VALID, "refresh-person")


def test_a_late_failure_does_not_end_a_new_authorization(acme: Connection) -> None:
    def fail() -> None:
        store_tokens(connection=acme, tokens=pair("person"))
        raise TryAgainLater("The answer was cut off.")

    with pytest.raises(NeedsAttention):
        refresh(acme, fail)
    assert (row().state, row().pair.refresh_token) == (State.VALID, "refresh-person")
