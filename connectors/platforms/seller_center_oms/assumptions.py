"""What the documentation of the OMS leaves open, and how a connection test settles it."""

from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.platforms.seller_center_oms.client import OmsClient
from connectors.sdk import clock
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown

# Half of what the OMS tolerates.
_MAX_DIFFERENCE_SECONDS = 150
_ORDERS = 20


def _clocks_agree(client: OmsClient) -> Finding:
    client.http.forget_server_time()
    client.listing.read("orders", since=None, cursor=None, limit=1)
    if client.http.server_time is None:
        return unknown("The OMS does not send its time.")
    seconds = abs((client.http.server_time - clock.now()).total_seconds())
    if seconds > _MAX_DIFFERENCE_SECONDS:
        return refuted(f"The clocks differ by {seconds:.0f} seconds. Correct the clock of the OMS.")
    return confirmed(f"The clocks differ by {seconds:.0f} seconds.")


def _totals_are_paid_prices(client: OmsClient) -> Finding:
    rows, _, _ = client.listing.read("orders", since=None, cursor=None, limit=_ORDERS)
    checked = [each for each in map(_adds_up, rows) if each is not None]
    if not checked:
        return unknown("The OMS has no order with paid prices yet.")
    wrong = checked.count(False)
    if wrong:
        return refuted(f"In {wrong} of {len(checked)} orders the total is something else. They become issues.")
    return confirmed(f"True for {len(checked)} orders.")


def _adds_up(order: Any) -> bool | None:
    """Whether the total is the sum of paid prices and shipping; None if the order has no paid prices."""
    try:
        items = order["items"]
        amounts = [Decimal(str(item[name])) for item in items for name in ("paid_price", "shipping_amount")]
        return sum(amounts, Decimal(0)) == Decimal(str(order["total"]))
    except (LookupError, TypeError, InvalidOperation):
        return None


ASSUMPTIONS = (
    Assumption("clock", "The clocks of the OMS and of SyncCenter agree within minutes.", _clocks_agree),
    Assumption(
        "order_total", "An order's total is the sum of all paid prices and shipping amounts.", _totals_are_paid_prices
    ),
    Assumption(
        "accepts_statuses", "The OMS accepts `UpdateItemsStatus`, which the vendor describes for the other direction."
    ),
    Assumption("event_times", "`status_event_time`, which has no time zone, is in UTC."),
)
