"""Carts of B2B storefronts: the shop computes them, and makes each an order once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services import record_audit_event
from catalog.models import Variant
from connectors.engine.loading import runs_on
from connectors.models import StorefrontCheckout
from connectors.sdk.adapter import Adapter
from connectors.sdk.checkouts import Cart, CheckoutLine, CheckoutQuote, CheckoutRefused, Checkouts
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.records import AddressRecord
from connectors.services.storefront_accounts import find_customer
from connectors.services.storefront_shops import exclusive_call, id_at_shop, open_shop
from hub import links
from hub.kinds import Kind
from hub.models import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StorefrontLine:
    """A line as the storefront sends it. `external_id` is the shop's ID of the variant; empty if only the SKU is."""

    external_id: str
    sku: str
    quantity: int
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorefrontCart:
    """A cart as the storefront sends it."""

    cart_id: UUID
    customer: str
    currency: str
    billing: AddressRecord
    shipping: AddressRecord
    shipping_option: str
    lines: list[StorefrontLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCart:
    """Either the order at the shop, or where the customer pays."""

    order_id: str = ""
    redirect_url: str = ""


def calculate_cart(*, storefront: Connection, cart: StorefrontCart, earlier: str) -> CheckoutQuote:
    """Let the shop compute the cart. `earlier` is the shop's cart of the previous calculation as `signed_cart` returned
    it, or empty; it is deleted.

    CheckoutRefused, UnknownCustomer or ConnectorError.
    """
    try:
        earlier = _signer(storefront, cart.cart_id).unsign(earlier) if earlier else ""
    except BadSignature as error:
        raise CheckoutRefused("ignite_state is not what was returned for this cart. Leave it out.") from error
    with open_shop(storefront) as opened:
        shop, adapter = _with_checkouts(storefront, opened)
        request = _request(storefront, shop, cart)
        checkouts = adapter.open_checkouts()
        shared = checkouts.one_cart_per_customer
        with _exclusive_cart(shop, request, checkouts):
            _check_not_completed(storefront, cart.cart_id, "" if shared else earlier)
            quote = checkouts.calculate(request)
            if quote.cart_was_empty:
                _in_same_cart(shop, quote.shop_cart).filter(order_id="").delete()
            if finished := quote.shop_cart if shared else earlier:
                checkouts.clean_up(finished)
    return quote


@contextmanager
def _exclusive_cart(shop: Connection, request: Cart, checkouts: Checkouts[Any]) -> Iterator[None]:
    """Where all carts of a customer are one cart of the shop, one call at a time uses it."""
    if not checkouts.one_cart_per_customer:
        yield
        return
    with exclusive_call(f"checkouts {shop.pk} {request.customer_id}"):
        yield


def signed_cart(*, storefront: Connection, cart_id: UUID, shop_cart: str) -> str:
    """The shop's cart in a form that only this storefront can send back, and only for this cart. Otherwise whoever has
    a key could name any cart, or any other path of the shop's API, to be deleted."""
    return _signer(storefront, cart_id).sign(shop_cart)


def _signer(storefront: Connection, cart_id: UUID) -> Signer:
    return Signer(salt=f"connectors.storefront_checkouts:{storefront.pk}:{cart_id}")


def complete_cart(
    *,
    storefront: Connection,
    cart: StorefrontCart,
    expected_total: Decimal | None,
    pay_upfront: bool,
    by: User | None,
) -> CompletedCart:
    """Make an order of the cart at the shop, once, or return where the customer pays. Safe to repeat.

    CheckoutRefused if the total is no longer the one that the customer saw, or the customer changed the cart in the
    shop.
    """
    with open_shop(storefront) as opened:
        shop, adapter = _with_checkouts(storefront, opened)
        checkouts = adapter.open_checkouts()
        known = _known(storefront, cart.cart_id)
        if known is not None and (known.order_id or not checkouts.one_cart_per_customer):
            return _finish(storefront, known, checkouts, pay_upfront, by)
        request = _request(storefront, shop, cart)
        with _exclusive_cart(shop, request, checkouts):
            if checkouts.one_cart_per_customer:
                known = _prepare_shared_cart(storefront, shop, cart.cart_id, request, checkouts, expected_total, by)
            else:
                known = _prepare_cart(storefront, cart.cart_id, request, checkouts, expected_total)
            return _finish(storefront, known, checkouts, pay_upfront, by)


def _known(storefront: Connection, cart_id: UUID) -> StorefrontCheckout | None:
    return StorefrontCheckout.objects.filter(storefront=storefront, cart_id=cart_id).first()


def _prepare_cart(
    storefront: Connection, cart_id: UUID, request: Cart, checkouts: Checkouts[Any], expected_total: Decimal | None
) -> StorefrontCheckout:
    """A cart of the shop that is ready to be ordered."""
    quote = _acceptable_quote(request, checkouts, expected_total)
    known, created = StorefrontCheckout.objects.get_or_create(
        storefront=storefront, cart_id=cart_id, defaults={"shop_cart": quote.shop_cart}
    )
    if not created:
        checkouts.clean_up(quote.shop_cart)
    return known


def _prepare_shared_cart(
    storefront: Connection,
    shop: Connection,
    cart_id: UUID,
    request: Cart,
    checkouts: Checkouts[Any],
    expected_total: Decimal | None,
    by: User | None,
) -> StorefrontCheckout:
    """The customer's one cart of the shop, ready to be ordered; or already ordered, by an interrupted call or by the
    customer. Calculated again each time, since the customer can change it between two calls."""
    known = _known(storefront, cart_id)
    if known is not None and (known.order_id or _was_ordered(storefront, shop, known, request, checkouts, by)):
        return known
    quote = _acceptable_quote(request, checkouts, expected_total)
    known, _ = StorefrontCheckout.objects.update_or_create(
        storefront=storefront, cart_id=cart_id, defaults={"shop_cart": quote.shop_cart}
    )
    # The shop's cart has other contents now, so earlier carts of the storefront can't be ordered from it.
    _in_same_cart(shop, quote.shop_cart).filter(order_id="").exclude(pk=known.pk).delete()
    return known


def _was_ordered(
    storefront: Connection,
    shop: Connection,
    known: StorefrontCheckout,
    request: Cart,
    checkouts: Checkouts[Any],
    by: User | None,
) -> bool:
    """Whether the cart of the shop became an order of this cart, which is recorded. CheckoutRefused if it became an
    order of other things: ordering again could send the same goods twice."""
    if _in_same_cart(shop, known.shop_cart).exclude(order_id="").exists():
        return False  # that order is another cart's
    order_id = checkouts.find_order(known.shop_cart)
    if order_id is None:
        return False
    if not checkouts.is_order_of(order_id, request):
        raise CheckoutRefused(
            f"The customer has ordered the cart in the shop with other contents (order ID {order_id}). "
            "Put what is missing there into a new cart."
        )
    _record_order(storefront, known, order_id, by)
    return True


def _in_same_cart(shop: Connection, shop_cart: str) -> QuerySet[StorefrontCheckout]:
    """The carts of all storefronts of the shop that became this cart of the shop."""
    found = StorefrontCheckout.objects.filter(storefront__seller=shop.seller_id, shop_cart=shop_cart)
    storefronts = {each.storefront for each in found.select_related("storefront__seller")}
    return found.filter(storefront__in=[each for each in storefronts if runs_on(each, shop.pk)])


def _acceptable_quote(request: Cart, checkouts: Checkouts[Any], expected_total: Decimal | None) -> CheckoutQuote:
    quote = checkouts.calculate(request)
    if reason := _rejection(quote, expected_total):
        checkouts.clean_up(quote.shop_cart)
        raise CheckoutRefused(reason)
    return quote


def _finish(
    storefront: Connection, known: StorefrontCheckout, checkouts: Checkouts[Any], pay_upfront: bool, by: User | None
) -> CompletedCart:
    if pay_upfront and not known.order_id:
        return CompletedCart(redirect_url=checkouts.payment_url(known.shop_cart))
    if not known.order_id:
        _place(storefront, known, checkouts, by)
    return CompletedCart(order_id=known.order_id)


def _rejection(quote: CheckoutQuote, expected_total: Decimal | None) -> str:
    if quote.options and not quote.option:
        return "Choose one of the available shipping methods."
    if expected_total is not None and quote.total != expected_total:
        return f"The total is {quote.total}, not {expected_total}. Calculate the cart again."
    return ""


def _place(storefront: Connection, known: StorefrontCheckout, checkouts: Checkouts[Any], by: User | None) -> None:
    """Make the order while no other call about the same cart does."""
    with exclusive_call(f"checkout {known.pk}"):
        known.refresh_from_db()
        if known.order_id:
            return
        if checkouts.one_cart_per_customer:  # just calculated, so it is no order yet
            try:
                order_id = checkouts.place_order(known.shop_cart)
            except CheckoutRefused:
                checkouts.clean_up(known.shop_cart)
                raise
        else:
            order_id = checkouts.find_order(known.shop_cart) or checkouts.place_order(known.shop_cart)
        _record_order(storefront, known, order_id, by)


def _record_order(storefront: Connection, known: StorefrontCheckout, order_id: str, by: User | None) -> None:
    known.order_id = order_id
    with transaction.atomic():
        known.save(update_fields=["order_id"])
        record_audit_event(user=by, action="checkout.complete", target=f"order {order_id}", seller=storefront.seller)


def _with_checkouts(
    storefront: Connection, opened: tuple[Connection, Adapter[Any]] | None
) -> tuple[Connection, Adapter[Any]]:
    if not storefront.settings.get("checkout"):
        raise NeedsAttention(
            "Checkouts are off for this storefront, because its vendor does not document their answers.",
            fix="Turn on “Checkout” in the settings of the storefront after you have tested it.",
        )
    if opened is None or opened[1].checkouts is None:
        raise NeedsAttention("The shop offers no carts.", fix="Let customers order in the shop.")
    return opened


def _check_not_completed(storefront: Connection, cart_id: UUID, shop_cart: str) -> None:
    done = StorefrontCheckout.objects.filter(storefront=storefront).exclude(order_id="")
    if done.filter(cart_id=cart_id).exists():
        raise CheckoutRefused("The cart was completed already.")
    if shop_cart and StorefrontCheckout.objects.filter(storefront=storefront, shop_cart=shop_cart).exists():
        raise CheckoutRefused("The cart is being completed.")


def _request(storefront: Connection, shop: Connection, cart: StorefrontCart) -> Cart:
    customer = find_customer(storefront, cart.customer)
    number = id_at_shop(storefront, customer.id)
    if number is None:
        raise CheckoutRefused("The shop does not have the customer yet. Try again in a minute.")
    return Cart(
        customer_id=number,
        email=customer.email,
        currency=cart.currency,
        billing=cart.billing,
        shipping=cart.shipping,
        shipping_option=cart.shipping_option,
        lines=_lines(shop, customer.seller_id, cart.lines),
    )


def _lines(shop: Connection, seller_id: int, lines: list[StorefrontLine]) -> list[CheckoutLine]:
    """The lines with the shop's IDs. Variants are found by the shop's ID, else by SKU. Three queries."""
    by_id = links.item_ids(shop.pk, Kind.VARIANT, [line.external_id for line in lines if line.external_id])
    skus = [line.sku for line in lines if line.external_id not in by_id]
    rows = Variant.objects.filter(seller_id=seller_id, sku__in=skus).values_list("sku", "pk")
    by_sku: dict[str, list[int]] = {}
    for sku, pk in rows:
        by_sku.setdefault(sku, []).append(pk)
    chosen = []
    for line in lines:
        found = [by_id[line.external_id]] if line.external_id in by_id else by_sku.get(line.sku, [])
        if len(found) != 1:
            raise CheckoutRefused(f"The shop sells no single product with the SKU {line.sku or line.external_id}.")
        chosen.append(found[0])
    products = dict(Variant.objects.filter(pk__in=chosen, seller_id=seller_id).values_list("pk", "product_id"))
    wanted = {(Kind.VARIANT, pk) for pk in products} | {(Kind.PRODUCT, pk) for pk in products.values()}
    ids = links.external_ids(shop.pk, wanted)
    result = []
    for line, pk in zip(lines, chosen, strict=True):
        variant, product = ids.get((Kind.VARIANT, pk)), ids.get((Kind.PRODUCT, products.get(pk, 0)))
        if variant is None or product is None:
            raise CheckoutRefused(f"The shop does not sell {line.sku or line.external_id}.")
        result.append(
            CheckoutLine(product_id=product, variant_id=variant, quantity=line.quantity, unit_price=line.unit_price)
        )
    return result
