"""The models of a Tryton database, as far as the REST interface is asked for them.

A field is a plain value, or refers to other records: `one` (many2one), `many` (one2many, by its inverse field), `set`
(many2many). `computed` fields are worked out when they are read. Which models and fields exist depends on the modules
that are active; names as on a real 8.2 server.
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["value", "one", "many", "set", "computed"]


@dataclass(frozen=True, slots=True)
class Field:
    kind: Kind = "value"
    target: str = ""
    inverse: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    fields: dict[str, Field]
    module: str = ""
    # Record names, which messages show.
    named_by: str = "name"
    defaults: dict[str, object] = field(default_factory=dict)

    @property
    def has_active(self) -> bool:
        return "active" in self.fields


VALUE, COMPUTED = Field(), Field("computed")


def _values(*names: str) -> dict[str, Field]:
    return dict.fromkeys(("id", "create_date", "write_date", "rec_name", *names), VALUE)


MODELS: dict[str, Model] = {
    "ir.model.field": Model(_values("model", "name")),
    "company.company": Model(
        _values() | {"party": Field("one", "party.party"), "currency": Field("one", "currency.currency")}
    ),
    "currency.currency": Model(_values("name", "code", "digits", "active")),
    "country.country": Model(_values("name", "code", "active")),
    "country.subdivision": Model(_values("name", "code", "active") | {"country": Field("one", "country.country")}),
    "account.tax.group": Model(_values("name", "kind")),
    "account.tax": Model(
        _values("name", "type", "rate", "active")
        | {
            "company": Field("one", "company.company"),
            "group": Field("one", "account.tax.group"),
            "parent": Field("one", "account.tax"),
        },
        defaults={"type": "percentage", "active": True},
    ),
    "party.party": Model(
        _values("name", "code", "active")
        | {
            "addresses": Field("many", "party.address", "party"),
            "contact_mechanisms": Field("many", "party.contact_mechanism", "party"),
            "identifiers": Field("many", "party.identifier", "party"),
        },
        defaults={"active": True},
    ),
    "party.address": Model(
        _values("party_name", "attn", "street", "postal_code", "city", "invoice", "delivery", "active")
        | {
            "party": Field("one", "party.party"),
            "country": Field("one", "country.country"),
            "subdivision": Field("one", "country.subdivision"),
        },
        defaults={"active": True},
    ),
    "party.contact_mechanism": Model(
        _values("type", "value", "active") | {"party": Field("one", "party.party")}, defaults={"active": True}
    ),
    "party.identifier": Model(
        _values("type", "code", "active") | {"party": Field("one", "party.party")}, defaults={"active": True}
    ),
    "product.uom": Model(_values("name", "symbol", "active")),
    "product.template": Model(
        _values("name", "type", "active", "list_price", "salable")
        | {"products": Field("many", "product.product", "template")},
        defaults={"type": "goods", "active": True, "salable": True},
    ),
    "product.product": Model(
        _values("code", "active", "list_price", "description")
        | {
            "template": Field("one", "product.template"),
            "identifiers": Field("many", "product.identifier", "product"),
            "default_uom": Field("one", "product.uom"),
            "sale_uom": Field("one", "product.uom"),
            "weight_uom": Field("one", "product.uom", module="product_measurements"),
            "weight": Field(module="product_measurements"),
            "list_price_used": COMPUTED,
            "quantity": COMPUTED,
            "forecast_quantity": COMPUTED,
        },
        named_by="code",
        defaults={"active": True},
    ),
    "product.identifier": Model(_values("type", "code") | {"product": Field("one", "product.product")}),
    "stock.location": Model(_values("name", "code", "type", "active"), defaults={"active": True}),
    "stock.move": Model(
        _values("quantity", "state", "origin", "shipment", "effective_date")
        | {"product": Field("one", "product.product"), "warehouse": Field("one", "stock.location")},
        named_by="id",
        defaults={"state": "draft"},
    ),
    "stock.shipment.out": Model(
        _values("number", "state", "effective_date")
        | {
            "warehouse": Field("one", "stock.location"),
            "carrier": Field("one", "carrier", module="stock_shipment_cost"),
            "packages": Field("many", "stock.package", "shipment", module="stock_package"),
        },
        named_by="number",
    ),
    "stock.package": Model(
        _values("number")
        | {
            "shipping_reference": Field(module="stock_package_shipping"),
            "shipment": Field("one", "stock.shipment.out"),
        },
        module="stock_package",
        named_by="number",
    ),
    "carrier": Model(_values() | {"party": Field("one", "party.party")}, module="carrier"),
    "sale.sale": Model(
        _values("number", "reference", "description", "comment", "state", "sale_date", "origin")
        | {
            "company": Field("one", "company.company"),
            "party": Field("one", "party.party"),
            "invoice_party": Field("one", "party.party"),
            "shipment_party": Field("one", "party.party"),
            "invoice_address": Field("one", "party.address"),
            "shipment_address": Field("one", "party.address"),
            "currency": Field("one", "currency.currency"),
            "warehouse": Field("one", "stock.location"),
            "lines": Field("many", "sale.line", "sale"),
            "shipments": COMPUTED,
            "untaxed_amount": COMPUTED,
            "tax_amount": COMPUTED,
            "total_amount": COMPUTED,
        },
        named_by="number",
        defaults={"state": "draft"},
    ),
    "sale.line": Model(
        _values("type", "quantity", "unit_price", "description")
        | {
            "sale": Field("one", "sale.sale"),
            "product": Field("one", "product.product"),
            "unit": Field("one", "product.uom"),
            "taxes": Field("set", "account.tax"),
            "amount": COMPUTED,
        },
        named_by="id",
        defaults={"type": "line"},
    ),
    "sale.amendment": Model(
        _values("date", "description", "state")
        | {"sale": Field("one", "sale.sale"), "lines": Field("many", "sale.amendment.line", "amendment")},
        module="sale_amendment",
        named_by="id",
        defaults={"state": "draft"},
    ),
    "sale.amendment.line": Model(
        _values("action", "quantity", "unit_price", "description")
        | {
            "amendment": Field("one", "sale.amendment"),
            "line": Field("one", "sale.line"),
            "product": Field("one", "product.product"),
            "unit": Field("one", "product.uom"),
            "party": Field("one", "party.party"),
            "invoice_party": Field("one", "party.party"),
            "shipment_party": Field("one", "party.party"),
            "invoice_address": Field("one", "party.address"),
            "shipment_address": Field("one", "party.address"),
        },
        module="sale_amendment",
        named_by="id",
    ),
}
MODULES = (
    "product_measurements",
    "stock_shipment_cost",
    "stock_package",
    "stock_package_shipping",
    "carrier",
    "sale_amendment",
)
# What a computed field leads to, in domains and paths.
COMPUTED_TARGETS = {("sale.sale", "shipments"): "stock.shipment.out"}
