"""What a new database holds."""

from decimal import Decimal

from sandbox.platforms.tryton.database import Records
from sandbox.platforms.tryton.trading import COMPUTED

CURRENCIES = {"GBP": 2, "EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
RATES = ("0.25", "0.2", "0.19", "0.0825", "0.05", "0")
WAREHOUSES = {"WH": "Warehouse", "SOUTH": "South"}


def new_database(products: int) -> Records:
    """A company with taxes and two warehouses; `products` templates with one product each, one with two, one that is
    not active, one that is not for sale, and a service for charges. The party with the ID 1 is the company's."""
    records = Records(COMPUTED)
    party = records.create("party.party", {"name": "Sandbox Ltd", "code": "1"})
    currencies = [
        records.create("currency.currency", {"name": code, "code": code, "digits": digits, "active": True})
        for code, digits in CURRENCIES.items()
    ]
    company = records.create("company.company", {"party": party["id"], "currency": currencies[0]["id"]})
    for code, name in (("GB", "United Kingdom"), ("US", "United States"), ("DE", "Germany")):
        country = records.create("country.country", {"name": name, "code": code, "active": True})
        if code == "US":
            state = {"name": "California", "code": "US-CA", "country": country["id"], "active": True}
            records.create("country.subdivision", state)
    group = records.create("account.tax.group", {"name": "Sales", "kind": "sale"})
    for rate in RATES:
        values = {"name": rate, "rate": Decimal(rate), "company": company["id"], "group": group["id"]}
        records.create("account.tax", values)
    for code, name in WAREHOUSES.items():
        records.create("stock.location", {"name": name, "code": code, "type": "warehouse"})
    records.create("product.uom", {"name": "Unit", "symbol": "u", "active": True})
    records.create("product.uom", {"name": "Kilogram", "symbol": "kg", "active": True})
    records.create("carrier", {"party": records.create("party.party", {"name": "Parcel Express", "code": "2"})["id"]})
    for number in range(1, products + 1):
        add_product(records, f"Lamp {number}", [f"SKU-{number}"], quantity=number, ean=f"{4006381000000 + number}")
    add_product(records, "Shirt", ["SHIRT-RED", "SHIRT-BLUE"], quantity=5)
    add_product(records, "Old lamp", ["OLD"], active=False)
    add_product(records, "Part", ["PART"], salable=False)
    add_product(records, "Shipping", ["SHIPPING"], type="service")
    return records


def add_product(
    records: Records, name: str, codes: list[str], *, quantity: float = 0, ean: str = "", **values: object
) -> int:
    """A template with a product for each code; returns its ID. The stock is in the first warehouse."""
    template = records.create("product.template", {"name": name, "list_price": Decimal("9.95"), **values})
    for code in codes:
        about = {"code": code, "template": template["id"], "default_uom": 1, "sale_uom": 1}
        product = records.create("product.product", about | {"weight": 0.25, "weight_uom": 2})
        product["active"] = values.get("active", True)
        if ean:
            records.create("product.identifier", {"type": "ean", "code": ean, "product": product["id"]})
        if quantity:
            count(records, product["id"], quantity)
    return int(template["id"])


def count(records: Records, product: int, quantity: float) -> None:
    """An inventory: a move of the difference, which changes neither product nor template."""
    now = records.value("product.product", records.tables["product.product"][product], "quantity", {"locations": [1]})
    values = {"product": product, "quantity": quantity - now, "state": "done", "warehouse": 1}
    records.create("stock.move", values)
