"""Run by the Python of a Tryton server: fills a new database with a company that can sell and ship.

`python tryton_company.py CONFIGURATION DATABASE KEY`. The company keeps its books in euros and also sells in pounds.
It has a chart of accounts, sales taxes of 20, 19, 7 and 0 %, a warehouse, three products in stock and a service, a
carrier, a package type, and an administrator whose application has the key. Tryton brings the chart and the warehouse.
"""

import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from trytond.config import config

config.update_etc(sys.argv[1])

from trytond.pool import Pool  # noqa: E402 - reads the configuration
from trytond.transaction import Transaction, TransactionError  # noqa: E402

PRODUCTS = {"LAMP-1": ("Lamp", "25.00", 100), "LAMP-2": ("Lamp", "25.00", 50), "CHAIR": ("Chair", "80.00", 7)}


def run(database: str, work: Callable[[], Any], user: int, **context: Any) -> Any:
    """Do something in a transaction, which is repeated with the locks that it turns out to need."""
    locks: dict[str, Any] = {}
    while True:
        with Transaction().start(database, user, context=context, **locks) as transaction:
            try:
                return work()
            except TransactionError as error:
                transaction.rollback()
                error.fix(locks)


def new(model: str, **values: Any) -> Any:
    record = Pool().get(model)(**values)
    record.save()
    return record


def first(model: str, *domain: Any) -> Any:
    return Pool().get(model).search(list(domain), limit=1)[0]


def make_company(key: str) -> tuple[int, int]:
    euro, pound = (
        new("currency.currency", name=name, code=code, symbol=symbol, rounding=Decimal("0.01"), digits=2)
        for name, code, symbol in (("Euro", "EUR", "€"), ("Pound sterling", "GBP", "£"))
    )
    for currency, rate in ((euro, "1"), (pound, "0.85")):
        new("currency.currency.rate", currency=currency, date=date(2020, 1, 1), rate=Decimal(rate))
    company = new("company.company", party=new("party.party", name="Sandbox GmbH"), currency=euro)
    administrator = first("res.user", ("login", "=", "admin"))
    administrator.companies = [company]
    administrator.company = company
    administrator.company_filter = "one"
    administrator.save()
    new("res.user.application", user=administrator, application="rest", key=key)
    for code, name in (("DE", "Germany"), ("GB", "United Kingdom")):
        new("country.country", name=name, code=code)
    return company.id, administrator.id


def make_books(company: int) -> None:
    template = first("account.account.template", ("parent", "=", None), ("name", "like", "Universal%"))
    wizard_class = Pool().get("account.create_chart", type="wizard")
    wizard = wizard_class(wizard_class.create()[0])
    wizard.account.company = Pool().get("company.company")(company)
    wizard.account.account_template = template
    wizard.transition_create_account()
    goods, cost = (first("account.account", ("code", "=", code)) for code in ("4.1.1", "5.1.1"))
    configuration = Pool().get("account.configuration")(1)
    for kind in ("receivable", "payable"):
        account = first("account.account", (f"type.{kind}", "=", True), ("party_required", "=", True))
        setattr(configuration, f"default_account_{kind}", account)
    configuration.default_category_account_revenue = goods
    configuration.save()
    due = first("account.account", ("name", "like", "%Tax%"), ("type", "!=", None))
    group = new("account.tax.group", name="Sales", code="S", kind="sale")
    for rate in ("0.20", "0.19", "0.07", "0"):
        name = f"{Decimal(rate):.0%}"
        accounts = {"invoice_account": due, "credit_note_account": due}
        values = {"name": name, "description": name, "type": "percentage", "rate": Decimal(rate), "group": group}
        new("account.tax", company=company, **values, **accounts)
    new("product.category", name="Goods", accounting=True, account_revenue=goods, account_expense=cost)


def make_products(company: int) -> None:
    unit = first("product.uom", ("symbol", "=", "u"))
    usual = {"default_uom": unit, "sale_uom": unit, "salable": True}
    usual["account_category"] = first("product.category")
    product_class = Pool().get("product.product")
    for name in dict.fromkeys(name for name, _, _ in PRODUCTS.values()):
        about = {code: row for code, row in PRODUCTS.items() if row[0] == name}
        price = Decimal(next(iter(about.values()))[1])
        variants = [product_class(suffix_code=code) for code in about]
        new("product.template", name=name, type="goods", list_price=price, products=variants, **usual)
    service = [product_class(suffix_code="SHIPPING")]
    new("product.template", name="Shipping", type="service", list_price=Decimal(5), products=service, **usual)
    product = first("product.product", ("code", "=", "SHIPPING"))
    new("carrier", party=new("party.party", name="Parcel Express"), carrier_product=product)
    new("stock.package.type", name="Box")


def count_stock(company: int) -> None:
    storage = first("stock.location", ("code", "=", "STO"))
    line_class = Pool().get("stock.inventory.line")
    lines = [
        line_class(product=first("product.product", ("code", "=", code)), quantity=quantity)
        for code, (_, _, quantity) in PRODUCTS.items()
    ]
    inventory = new("stock.inventory", location=storage, company=company, lines=lines)
    Pool().get("stock.inventory").confirm([inventory])


def main(database: str, key: str) -> None:
    Pool(database).init()
    company, administrator = run(database, lambda: make_company(key), 1)
    for work in (make_books, make_products, count_stock):
        run(database, partial(work, company), administrator, company=company)


if __name__ == "__main__":
    main(*sys.argv[2:4])
