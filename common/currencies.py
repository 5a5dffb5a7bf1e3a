"""Decimal places of currencies (M2), and how amounts and quantities are shown to people."""

from decimal import Decimal

from django.utils.formats import number_format

# ISO 4217: currencies whose minor unit is not a hundredth.
_PLACES = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
            "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


def places(currency: str) -> int:
    """The number of decimal places of a currency's amounts; 2 for unknown codes."""
    return _PLACES.get(currency.upper(), 2)


def format_amount(amount: Decimal, currency: str = "") -> str:
    """In the person's format, with the currency's places, or with more if the amount has them: `1,234.50`."""
    plain = amount.normalize()
    shown = max(places(currency), -int(plain.as_tuple().exponent))
    return number_format(plain, decimal_pos=shown, force_grouping=True)


def format_quantity(quantity: Decimal) -> str:
    """In the person's format, without trailing zeros: `3`, `2.5`."""
    return number_format(quantity.normalize(), force_grouping=True)
