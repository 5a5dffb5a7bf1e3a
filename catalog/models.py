"""The catalogue in the hub's own terms.

Every row of a tenant carries its seller, and rows that refer to each other do so by (seller, id) in the database
(migration 0002), so that no mistake in code can tie one seller's row to another's. Categories, brands and attribute
sets without a seller are shared by a whole marketplace.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

from accounts.models import Seller
from catalog.fields import TransactionIdField
from hub.models import Connection


class AttributeSet(models.Model):
    """A family of products with the same attributes (L9)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="attribute_sets")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "name"], nulls_distinct=False, name="catalog_attribute_set_once")
        ]

    def __str__(self) -> str:
        return self.name


class Attribute(models.Model):
    """A property that the products of a set have: its code is stable, its name is for people (F4, L9)."""

    attribute_set = models.ForeignKey(AttributeSet, on_delete=models.CASCADE, related_name="attributes")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attribute_set", "code"], name="catalog_attribute_once")]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A node of a category tree. `path` is its names from the root, joined by ` / `."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="categories")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=255)
    slug = models.CharField(max_length=255, blank=True)
    path = models.TextField(blank=True)
    position = models.IntegerField(default=0)
    visible = models.BooleanField(default=True)
    status = models.CharField(
        max_length=12, choices=[("live", "live"), ("discontinued", "discontinued")], default="live"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["path"]
        indexes = [models.Index(fields=["seller", "path"], name="catalog_category_path")]

    def __str__(self) -> str:
        return self.path or self.name


class Brand(models.Model):
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="brands")
    name = models.CharField(max_length=255)
    image_url = models.URLField(max_length=1000, blank=True)
    status = models.CharField(
        max_length=12, choices=[("live", "live"), ("discontinued", "discontinued")], default="live"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index("seller", Upper("name"), name="catalog_brand_name")]

    def __str__(self) -> str:
        return self.name


class Status(models.TextChoices):
    """Of a product or a variant (D9). `deleted` is the post-run check's word on staging (L11)."""

    LIVE = "live"
    SUSPENDED = "suspended"
    DISCONTINUED = "discontinued"
    DELETED = "deleted"


class Product(models.Model):
    """A product: what its variants have in common (D8).

    `revision` is raised from the sequence `catalog_revision` whenever the product or anything below it (variants,
    prices, stock, images) really changed, so that a full sync finds what to look at without reading payloads.
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="products")
    title = models.TextField()
    slug = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    product_type = models.CharField(max_length=40, blank=True)
    brand = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, blank=True, related_name="products")
    attribute_set = models.ForeignKey(AttributeSet, on_delete=models.SET_NULL, null=True, blank=True)
    categories: models.ManyToManyField = models.ManyToManyField(Category, through="ProductCategory")
    attributes = models.JSONField(default=dict, blank=True, help_text="Attribute code → value.")
    status = models.CharField(max_length=12, choices=Status, default=Status.LIVE)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["seller", "id"], name="catalog_product_of_seller")]
        indexes = [
            models.Index(fields=["seller", "status", "id"], name="catalog_product_status"),
            models.Index(fields=["seller", "-updated_at"], name="catalog_product_recent"),
            GinIndex(SearchVector("title", config="simple"), name="catalog_product_words"),
        ]

    def __str__(self) -> str:
        return self.title


class ProductCategory(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    category = models.ForeignKey(Category, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "category"], name="catalog_product_category_once")]

    def __str__(self) -> str:
        return f"{self.product} in {self.category}"


class Variant(models.Model):
    """What can be bought: a product in one choice of options (D8, D11)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=255, blank=True)
    barcode = models.CharField(max_length=64, blank=True)
    weight_in_grams = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    position = models.IntegerField(default=0)
    cart_image_url = models.URLField(max_length=1000, blank=True)
    options = models.JSONField(default=list, blank=True, help_text='[{"name": "Size", "value": "M"}] in order.')
    status = models.CharField(max_length=12, choices=Status, default=Status.LIVE)
    rrp = models.DecimalField("recommended retail price", max_digits=14, decimal_places=4, null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True, help_text="B2B settings of the variant.")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["product", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["seller", "id"], name="catalog_variant_of_seller"),
            models.UniqueConstraint(
                fields=["seller", "sku"],
                condition=~Q(sku="") & Q(status__in=["live", "suspended"]),
                name="catalog_variant_sku_once",
            ),
            models.CheckConstraint(
                condition=Q(weight_in_grams__isnull=True) | Q(weight_in_grams__gte=0),
                name="catalog_variant_weight_not_negative",
            ),
        ]
        indexes = [
            models.Index(F("seller"), OpClass(Upper("sku"), "text_pattern_ops"), name="catalog_variant_sku_prefix"),
        ]

    def __str__(self) -> str:
        return self.sku or f"variant {self.pk}"


class Image(models.Model):
    """A picture in the gallery of a product. `origin` is the connection that brought it: a shop or a feed of images."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    external_id = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=1000)
    alt = models.CharField(max_length=500, blank=True)
    position = models.IntegerField(default=0)
    origin = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["product", "position", "id"]

    def __str__(self) -> str:
        return self.url


class StockLocation(models.Model):
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="stock_locations")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "code"], name="catalog_location_once"),
            models.UniqueConstraint(fields=["seller", "id"], name="catalog_location_of_seller"),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class Stock(models.Model):
    """How many of a variant lie at a location (D10, D11). Negative means oversold."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="stock", db_index=False)
    location = models.ForeignKey(StockLocation, on_delete=models.CASCADE, related_name="stock")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    min_level = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    restock_date = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "location"], name="catalog_stock_once")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant}"


class PriceList(models.Model):
    """Prices in one currency. One per platform, named after it, holds the default price of every product (D12)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="price_lists")
    connection = models.OneToOneField(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="price_list"
    )
    slug = models.SlugField(max_length=100)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "slug"], name="catalog_price_list_once"),
            models.UniqueConstraint(fields=["seller", "id"], name="catalog_price_list_of_seller"),
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What one piece costs from `min_quantity` pieces on. `list_amount` is the price before a reduction."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="prices", db_index=False)
    min_quantity = models.PositiveIntegerField(default=1)
    amount = models.DecimalField(max_digits=14, decimal_places=4)
    list_amount = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "price_list", "min_quantity"], name="catalog_price_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="catalog_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.variant}"


class FeedPosition(models.Model):
    """Where an item stands in an outgoing feed: at the transaction that last changed what the feed says of it (S3, S4).

    `item_id` is a product's id, in the feed of inventory a variant's. The row outlives its item, so that fetchers learn
    of a deletion. Triggers on the tables that feeds are made of write it (migration 0003), and nothing else does, so
    that no statement can forget it.
    """

    class Feed(models.TextChoices):
        PRODUCTS = "products"
        INVENTORY = "inventory"
        IMAGES = "images"

    pk = models.CompositePrimaryKey("feed", "item_id")
    feed = models.CharField(max_length=9, choices=Feed)
    item_id = models.BigIntegerField()
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    changed = TransactionIdField()

    class Meta:
        indexes = [models.Index(fields=["seller", "feed", "changed", "item_id"], name="catalog_feed_order")]

    def __str__(self) -> str:
        return f"{self.feed} {self.item_id} at {self.changed}"
