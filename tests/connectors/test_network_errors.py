"""What an error of the network says about its cause."""

import pytest
import requests

from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.transport import Watchdog


@pytest.mark.parametrize(("late", "expected"), [(True, TryAgainLater), (False, NeedsAttention)])
def test_a_call_that_the_deadline_ends_is_no_fault_of_the_url(
    late: bool, expected: type[ConnectorError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading from a TLS socket that the watchdog closed raises a ValueError, as a URL that cannot be sent does."""

    def closed(*_: object, **options: object) -> None:
        Watchdog.current.watch.fired = late
        raise ValueError("Read on closed or unwrapped SSL socket.")

    monkeypatch.setattr(requests.Session, "request", closed)
    http = HttpClient("https://shop.example", deadline=60)
    with pytest.raises(expected, match="within 60 s" if late else "cannot be sent"):
        http.get("/")
    http.close()
