"""The order's own tax for accounts with SuiteTax: one tax detail for each line and charge (M4).

Which detail belongs to what is told by `taxDetailsReference`: a name that lines have, `SHIPPING` or `HANDLING`.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1548673608.html
REST does not support the legacy tax features: there, and without tax codes in the settings, NetSuite works out the tax.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_159665260887.html
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypedDict

from connectors.platforms.netsuite.settings import Settings
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.orders import rounding
from connectors.sdk.records import AdjustmentRecord
from connectors.sdk.values import json_number

SHIPPING = "SHIPPING"
HANDLING = "HANDLING"
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


class TaxPayload(TypedDict):
    """The tax of a line or charge. `code` is the internal ID of a tax code, `rate` is in percent."""

    reference: str
    code: str
    rate: int | float
    basis: int | float
    amount: int | float


def tax_of(
    reference: str, net: Decimal, tax: Decimal, rate: Decimal | None, settings: Settings, currency: str
) -> TaxPayload:
    """The tax of one row. SkipRecord if the settings have no tax code for it.

    The rate is that of the row if it has a code, else the one that makes this tax of this net amount.
    """
    codes = {Decimal(text): code for text, code in settings.tax_codes.items()}
    if rate is None or rate not in codes:
        rate = min(codes, key=lambda each: abs(net * each / _HUNDRED - tax))
        if abs(net * rate / _HUNDRED - tax) > rounding(currency, 1):
            implied = tax * _HUNDRED / net if net else _ZERO
            raise SkipRecord(issues.TAX_RATE_UNKNOWN(rate=f"{implied.quantize(Decimal('0.01')).normalize():f}"))
    return {
        "reference": reference,
        "code": codes[rate],
        "rate": json_number(rate),
        "basis": json_number(net),
        "amount": json_number(tax),
    }


def charge_taxes(
    reference: str, rows: Sequence[AdjustmentRecord], settings: Settings, currency: str
) -> list[TaxPayload]:
    """The tax of the charges that share a field: one detail, or one for each if they have several rates.

    A line has a detail for each tax: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/bridgehead_3981941368.html
    """

    def together(rows: Sequence[AdjustmentRecord]) -> TaxPayload:
        net, tax = (sum((getattr(row, name) or _ZERO for row in rows), _ZERO) for name in ("net", "tax"))
        return tax_of(reference, net, tax, rows[0].tax_rate if len(rows) == 1 else None, settings, currency)

    try:
        return [together(rows)]
    except SkipRecord:
        if len(rows) == 1:
            raise
        return [together([row]) for row in rows]


def tax_fields(taxes: Iterable[TaxPayload], settings: Settings) -> dict[str, Any]:
    """The fields of a transaction in REST that make NetSuite take this tax."""
    return {
        "taxDetailsOverride": True,
        "taxDetails": {
            "items": [
                {
                    "taxDetailsReference": each["reference"],
                    "taxType": {"id": settings.tax_type},
                    "taxCode": {"id": each["code"]},
                    "taxRate": each["rate"],
                    "taxBasis": each["basis"],
                    "taxAmount": each["amount"],
                }
                for each in taxes
            ]
        },
    }
