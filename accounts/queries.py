"""Whose data a user may see."""

from django.db.models import QuerySet

from accounts.models import DropshipAgreement, Membership, Seller, User


def sellers_of(user: User) -> QuerySet[Seller]:
    """The sellers that a person belongs to. Operators too see only their own here; the admin shows all."""
    return Seller.objects.filter(memberships__user=user).exclude(status=Seller.Status.DELETED)


def is_owner(*, user: User, seller: Seller | None) -> bool:
    """Whether the user is an owner of the seller, who sees personal data and secrets as well."""
    return Membership.objects.filter(user=user, seller=seller, role=Membership.Role.OWNER).exists()


def may_change(*, user: User, seller: Seller) -> bool:
    """Whether the user may start syncs and settle issues of the seller; viewers may only look."""
    return Membership.objects.filter(user=user, seller=seller).exclude(role=Membership.Role.VIEWER).exists()


def agreements_of_seller(*, seller_id: int) -> QuerySet[DropshipAgreement]:
    """The vendors that serve a seller now, under the names that they have in its orders (S9)."""
    return _without_deleted_sellers().filter(seller=seller_id, active=True)


def agreements_of_vendor(*, vendor_id: int) -> QuerySet[DropshipAgreement]:
    """The sellers that a vendor serves or once served: ended agreements as well."""
    return _without_deleted_sellers().filter(vendor=vendor_id)


def _without_deleted_sellers() -> QuerySet[DropshipAgreement]:
    """Without deleted sellers and vendors, who take part in nothing (L13)."""
    deleted = Seller.Status.DELETED
    return DropshipAgreement.objects.exclude(seller__status=deleted).exclude(vendor__status=deleted)
