"""A plausible catalog generated from a seed: brands, a category tree, products with variants, and a few invalid ones.

The same seed gives the same catalog on every platform. It is generated in a single pass: 100,000 products take a few
seconds.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from faker import Faker

TREE: dict[str, dict[str, dict[str, list[str]]]] = {
    "Clothing": {
        "Women": {"Dresses": ["Maxi Dresses", "Day Dresses"], "Tops": ["Shirts", "Knitwear"], "Coats": []},
        "Men": {"Shirts": ["Linen Shirts", "Oxford Shirts"], "Trousers": ["Chinos", "Jeans"], "Jackets": []},
        "Kids": {"Sleepwear": [], "Rainwear": []},
    },
    "Home": {
        "Kitchen": {"Cookware": ["Frying Pans", "Stock Pots"], "Knives": [], "Tableware": ["Plates", "Mugs"]},
        "Bedroom": {"Bed Linen": ["Duvet Covers", "Pillowcases"], "Lamps": []},
        "Bathroom": {"Towels": [], "Bath Mats": []},
    },
    "Outdoor": {
        "Camping": {"Tents": ["Family Tents", "Trekking Tents"], "Sleeping Bags": [], "Stoves": []},
        "Cycling": {"Helmets": [], "Panniers": ["Front Panniers", "Rear Panniers"]},
    },
    "Office": {
        "Desk": {"Notebooks": ["Ruled Notebooks", "Plain Notebooks"], "Pens": []},
        "Chairs": {"Task Chairs": []},
    },
}
MATERIALS = (
    "Linen",
    "Cotton",
    "Wool",
    "Oak",
    "Steel",
    "Copper",
    "Canvas",
    "Leather",
    "Cork",
    "Bamboo",
    "Glass",
    "Stone",
)
COLOURS = ("Black", "White", "Navy", "Olive", "Sand", "Rust", "Teal", "Plum")
SIZES = ("XS", "S", "M", "L", "XL", "XXL")
# (sizes, colors) of a product: one to six variants, mostly few.
SHAPES = ((0, 0), (0, 0), (2, 0), (3, 0), (0, 2), (2, 2), (3, 2), (6, 0), (4, 0), (0, 3))
SERIES = 400
EPOCH = 1_704_067_200  # 2024-01-01T00:00:00Z, when the shop opened
TIME_SPAN = 700 * 86_400


@dataclass(slots=True)
class Variant:
    """Prices are in the shop's currency, weights in grams. `labels` holds one value per option of the product."""

    sku: str
    labels: tuple[str, ...]
    stock: int
    price: float | None = None
    weight: int | None = None


@dataclass(slots=True)
class Product:
    """A platform-neutral product. `brand` and `categories` are indexes into the catalog's lists."""

    title: str
    sku: str
    brand: int
    categories: tuple[int, ...]
    description: str
    price: float | None
    cost: float
    sale_price: float | None
    weight: int | None
    visible: bool
    created: int
    modified: int
    images: tuple[str, ...]
    options: tuple[tuple[str, tuple[str, ...]], ...]
    variants: list[Variant]
    kind: str = "physical"


@dataclass(slots=True)
class Category:
    """`parent` is the index of the parent category, or None."""

    name: str
    parent: int | None
    leaf: bool


@dataclass
class Catalog:
    """What a shop sells. `orphan` is a variant whose product no longer exists."""

    seed: str
    size: int
    dirty: bool
    brands: list[str] = field(init=False)
    categories: list[Category] = field(init=False)
    orphan: Variant | None = field(init=False)

    def __post_init__(self) -> None:
        self._faker = Faker("en_GB")
        self._faker.seed_instance(self.seed)
        wanted = max(4, min(250, self.size // 20)) if self.size else 0
        self.brands = self._unique_values("company", wanted)
        self.categories = list(_flatten(TREE, None, [0])) if self.size else []
        dirty = self.dirty and self.size > 0
        self._series = self._unique_values("last_name", min(SERIES, self.size))
        self._sentences = [self._faker.sentence(12) for _ in range(300 if self.size else 0)]
        self.orphan = Variant("DIRTY-ORPHAN-VARIANT", (), 3, 9.5, 100) if dirty else None

    def _unique_values(self, what: str, count: int) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < count:
            found[getattr(self._faker, what)()] = None
        return list(found)

    def products(self) -> Iterator[Product]:
        """Yield the valid products, then the invalid ones."""
        rng = random.Random(self.seed)
        if not self.size:
            return
        leaves = [position for position, category in enumerate(self.categories) if category.leaf]
        for number in range(self.size):
            yield self._product(number, rng, leaves)
        if self.dirty:
            yield from self._dirty(rng, leaves)

    def _product(self, number: int, rng: random.Random, leaves: list[int]) -> Product:
        roll = rng.random
        leaf = leaves[int(roll() * len(leaves))]
        round_, position = divmod(number, len(self._series))
        model = f"{self._series[position]} {round_ + 1}" if round_ else self._series[position]
        noun = _singular(self.categories[leaf].name)
        price = int(roll() * 20_000 + 400) / 100
        sku = f"{noun[:3].upper()}-{number + 1:06d}"
        sizes, colours = SHAPES[int(roll() * len(SHAPES))]
        options = []
        if sizes:
            start = int(roll() * (len(SIZES) - sizes + 1))
            options.append(("Size", SIZES[start : start + sizes]))
        if colours:
            start = int(roll() * (len(COLOURS) - colours + 1))
            options.append(("Colour", COLOURS[start : start + colours]))
        created = EPOCH + int(roll() * TIME_SPAN)
        extra = leaves[int(roll() * len(leaves))]
        return Product(
            title=f"{model} {MATERIALS[int(roll() * len(MATERIALS))]} {noun}",
            sku=sku,
            brand=int(roll() * len(self.brands)),
            categories=(leaf,) if roll() < 0.7 or extra == leaf else (leaf, extra),
            description=_describe(self._sentences, roll),
            price=price,
            cost=int(price * (30 + roll() * 40)) / 100,
            sale_price=int(price * 80) / 100 if roll() < 0.15 else None,
            weight=50 + int(roll() * 5000),
            visible=roll() < 0.93,
            created=created,
            modified=created + int(roll() * (EPOCH + TIME_SPAN - created)),
            images=tuple(f"https://images.example.com/{sku.lower()}-{view}.jpg" for view in range(1 + int(roll() * 3))),
            options=tuple(options),
            variants=[
                Variant(
                    sku + "".join(f"-{label[:3].upper()}" for label in labels),
                    labels,
                    int(roll() * 120) if roll() < 0.9 else 0,
                    round(price + 5, 2) if labels and labels[0] in ("XL", "XXL") else None,
                )
                for labels in _combinations(options)
            ],
        )

    def _dirty(self, rng: random.Random, leaves: list[int]) -> Iterator[Product]:
        """The same few kinds of invalid data in every catalog, each identified by its SKU."""

        def product(sku: str, title: str, **changes: object) -> Product:
            plain = Product(
                title=title,
                sku=sku,
                brand=0,
                categories=(leaves[0],),
                description="<p>Something is odd about this one.</p>",
                price=19.0,
                cost=8.0,
                sale_price=None,
                weight=250,
                visible=True,
                created=EPOCH,
                modified=EPOCH + TIME_SPAN,
                images=(),
                options=(),
                variants=[Variant(sku, (), 1 + int(rng.random() * 9))],
            )
            for name, value in changes.items():
                setattr(plain, name, value)
            return plain

        sizes = (("Size", ("S", "M")),)
        yield product(
            "DIRTY-VARIANT-WITHOUT-SKU",
            "Apron with a nameless size",
            options=sizes,
            variants=[Variant("DIRTY-VARIANT-WITH-SKU", ("S",), 4), Variant("", ("M",), 4)],
        )
        yield product("DIRTY-NO-WEIGHT", "Feather without a weight", weight=None)
        yield product("DIRTY-NO-PRICE", "Priceless vase", price=None)
        yield product("DIRTY-LONG-TITLE", ("A title that does not know when to stop " * 7)[:250])
        yield product("DIRTY-NOT-LATIN", "丝绸围巾 وشاح حرير 🧣🪡 silk scarf")
        yield product("DIRTY-UNKNOWN-TYPE", "Yearly polish", kind="subscription")
        yield product("DIRTY-NUL-BYTE", "Torn\0label")
        yield product(
            "DIRTY-CSS-DESCRIPTION",
            "Table with a style of its own",
            description="<style>@media (max-width: 600px) { p { display: none } }</style><p>Oak.</p>",
        )


def _flatten(level: object, parent: int | None, count: list[int]) -> Iterator[Category]:
    names = level if isinstance(level, dict) else dict.fromkeys(level if isinstance(level, list) else ())
    for name, children in names.items():
        position = count[0]
        count[0] += 1
        yield Category(name, parent, not children)
        yield from _flatten(children or (), position, count)


def _singular(name: str) -> str:
    if name == "Knives":
        return "Knife"
    return name.removesuffix("es" if name.endswith("sses") else "s")


def _describe(sentences: list[str], roll: Callable[[], float]) -> str:
    first, second, third = (sentences[int(roll() * len(sentences))] for _ in range(3))
    return f"<p>{first} {second}</p><ul><li>{third}</li></ul>"


def _combinations(options: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, ...]]:
    combined: list[tuple[str, ...]] = [()]
    for _, labels in options:
        combined = [(*start, label) for start in combined for label in labels]
    return combined
