"""Opens Seller Center's adapters for different accounts, such as a live shop and its staging shop."""

from typing import Any

from connectors.adapters.registry import adapter_for
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.http import HttpClient
from sandbox.process import SandboxProcess
from tests.adapters.cases import NoTokens


def open_account(process: SandboxProcess, account: str, *, key: str | None = None, **details: Any) -> Adapter[Any]:
    """The adapter for an account of the sandbox; `details` are settings and `field_map`. The caller closes `http`."""
    adapter_class = adapter_for(process.platform)
    field_map = details.pop("field_map", {})
    further = details.pop("credentials", {})
    http = HttpClient(process.url, deadline=10, private_hosts=["127.0.0.1"])
    credentials = {"service_name": account, "api_key": key or process.accounts[account]} | further
    return adapter_class(
        Account(
            base_url=process.url,
            settings=adapter_class.Settings.model_validate(details),
            credentials=adapter_class.Credentials.model_validate(credentials),
            field_map=adapter_class.FieldMap.model_validate(field_map),
        ),
        http,
        NoTokens(),
    )
