"""The seeded catalog and customers: deterministic, plausible, with the known invalid items."""

from sandbox.catalog import Catalog
from sandbox.customers_and_orders import customers, orders


def test_the_same_seed_gives_the_same_catalogue() -> None:
    first, second, other = (list(Catalog(seed, 200, True).products()) for seed in ("1:a", "1:a", "2:a"))
    assert first == second
    assert first != other


def test_products_are_plausible() -> None:
    products = list(Catalog("1:a", 2000, False).products())
    assert len({product.title for product in products}) == len(products)
    skus = [variant.sku for product in products for variant in product.variants]
    assert len(set(skus)) == len(skus)
    assert {len(product.variants) for product in products} >= {1, 2, 3, 4, 6}
    assert all(1 <= len(product.variants) <= 6 for product in products)
    assert {name for product in products for name, _ in product.options} == {"Size", "Colour"}
    assert all(product.price and product.weight and product.created <= product.modified for product in products)


def test_invalid_items_are_added_and_recognizable() -> None:
    dirty = list(Catalog("1:a", 30, True).products())[30:]
    assert list(Catalog("1:a", 30, False).products()) == list(Catalog("1:a", 30, True).products())[:30]
    by_sku = {product.sku: product for product in dirty}
    assert all(sku.startswith("DIRTY-") for sku in by_sku)
    assert "" in {variant.sku for variant in by_sku["DIRTY-VARIANT-WITHOUT-SKU"].variants}
    assert by_sku["DIRTY-NO-WEIGHT"].weight is None
    assert by_sku["DIRTY-NO-PRICE"].price is None
    assert len(by_sku["DIRTY-LONG-TITLE"].title) == 250
    assert max(map(ord, by_sku["DIRTY-NOT-LATIN"].title)) > 0xFFFF
    assert "\0" in by_sku["DIRTY-NUL-BYTE"].title
    assert "@media" in by_sku["DIRTY-CSS-DESCRIPTION"].description
    assert by_sku["DIRTY-UNKNOWN-TYPE"].kind not in ("physical", "digital")


def test_customers_are_deterministic_and_their_emails_unique() -> None:
    people = list(customers("1:a", 500))
    assert people == list(customers("1:a", 500))
    assert len({person.email for person in people}) == 500
    assert list(orders("1:a", 20, 500, 90)) == list(orders("1:a", 20, 500, 90))
    assert list(orders("1:a", 20, 0, 90)) == []
