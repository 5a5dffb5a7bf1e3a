"""Products as a list, built for a million rows, and one product with its variants."""

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.paginator import Page as NumberedPage
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery

from accounts.models import Seller
from catalog.models import Category, Image, Price, Product, Stock, Variant
from dashboard.keyset import Keyset, Page
from dashboard.queries.item_records import ItemRecords
from hub.kinds import Kind

VARIANTS_PER_PAGE = 100


def products(*, seller: Seller, keyset: Keyset, search: str = "", status: str = "") -> Page[Product]:
    """A page of products, newest first, with `variant_count` and the `sku` and `image` of the first variant and image.

    `search` matches words of the title (the last one by prefix) and prefixes of SKUs, each through its own index.
    """
    found = Product.objects.filter(seller=seller)
    if status:
        found = found.filter(status=status)
    if search:
        page = keyset.page(
            keyset.apply(by_words(found, search)),
            keyset.apply(found.filter(pk__in=_by_sku(seller, search))),
        )
    else:
        page = keyset.page(keyset.apply(found))
    _add_list_details(page.rows)
    return page


def by_words(found: QuerySet[Product], search: str) -> QuerySet[Product]:
    """Products whose title has all words; of the last one the beginning is enough."""
    words = [word for word in "".join(c if c.isalnum() else " " for c in search).split() if word]
    if not words:
        return found.none()
    query = " & ".join([*(f"'{word}'" for word in words[:-1]), f"'{words[-1]}':*"])
    # PostgreSQL uses the index only for exactly this expression.
    return found.annotate(words=SearchVector("title", config="simple")).filter(
        words=SearchQuery(query, config="simple", search_type="raw")
    )


def _by_sku(seller: Seller, search: str) -> QuerySet[Variant, tuple[int]]:
    return Variant.objects.filter(seller=seller, sku__istartswith=search).order_by().values_list("product_id")


def _add_list_details(rows: list[Product]) -> None:
    first = Variant.objects.filter(product=OuterRef("pk")).order_by("position", "id")
    image = Image.objects.filter(product=OuterRef("pk")).order_by("position", "id")
    details = {
        row["pk"]: row
        for row in Product.objects.filter(pk__in=[row.pk for row in rows])
        .order_by()
        .annotate(
            variant_count=Count("variants"),
            sku=Subquery(first.values("sku")[:1]),
            image=Subquery(image.values("url")[:1]),
        )
        .values("pk", "variant_count", "sku", "image")
    }
    for row in rows:
        row.__dict__.update(details[row.pk])


def product(*, seller: Seller, product_id: int) -> Product:
    """The product with brand, categories and images. Raises Product.DoesNotExist, also for another seller's product."""
    return (
        seller.products.select_related("brand", "attribute_set")
        .prefetch_related(
            Prefetch("categories", Category.objects.order_by("path")),
            Prefetch("images", Image.objects.order_by("position", "id")),
        )
        .get(pk=product_id)
    )


def variants(*, product: Product, page: str | None) -> NumberedPage:
    """A page of one product's variants with stock and prices. Numbered pages are cheap within a single product."""
    rows = product.variants.order_by("position", "id").prefetch_related(
        Prefetch("stock", Stock.objects.select_related("location").order_by("location__code")),
        Prefetch("prices", Price.objects.select_related("price_list").order_by("price_list__name", "min_quantity")),
    )
    return Paginator(rows, VARIANTS_PER_PAGE).get_page(page)


def product_records(*, product: Product) -> ItemRecords:
    ids = list(product.variants.order_by("id").values_list("id", flat=True))
    return ItemRecords(product.seller, (Kind.PRODUCT, product.pk), {Kind.VARIANT: ids})
