"""Fixtures: adapters connected to their sandboxes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.http import HttpClient
from sandbox.process import SandboxProcess
from tests.adapters.cases import CASES, Case, adapter_of


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> Callable[[str], SandboxProcess]:
    """`platform(key)`: the sandbox of an adapter, with the initial data that its case defines."""
    ready: dict[str, SandboxProcess] = {}

    def start(key: str) -> SandboxProcess:
        if key not in ready:
            case = CASES[key]
            ready[key] = sandbox(case.sandbox, accounts=dict([case.account]), **case.options)
            seed(ready[key], case)
        return ready[key]

    return start


def seed(process: SandboxProcess, case: Case) -> None:
    client = HttpClient(process.url, deadline=10, private_hosts=["127.0.0.1"])
    client.headers["Authorization"] = f"Bearer {case.account[1]}"
    for kind, items in case.seeds.items():
        for start in range(0, len(items), 100):
            client.request("PUT", f"/v1/{kind}", body=items[start : start + 100])
    client.close()
    case.prepare(process)
    process.clear_calls()


@pytest.fixture
def open_adapter(platform: Callable[[str], SandboxProcess]) -> Iterator[Callable[..., Adapter[Any]]]:
    """`open_adapter(key, token=…, field_map=…, **settings)`: an adapter connected to its sandbox, closed after the
    test."""
    opened: list[Adapter[Any]] = []

    def make(key: str, **details: Any) -> Adapter:
        opened.append(adapter_of(key, platform(key), **details))
        return opened[-1]

    yield make
    for each in opened:
        each.http.close()
