"""Which sellers a user can access, and the dropship agreements between sellers."""

from django.db.models import QuerySet

from accounts.models import DropshipAgreement, Membership, Seller, User


def sellers_of(user: User) -> QuerySet[Seller]:
    """The sellers that the user is a member of. Operators see all sellers only in the admin."""
    return Seller.objects.filter(memberships__user=user).exclude(status=Seller.Status.DELETED)


def is_owner(*, user: User, seller: Seller | None) -> bool:
    """Whether the user is an owner of the seller. Owners also see personal data and secrets."""
    return Membership.objects.filter(user=user, seller=seller, role=Membership.Role.OWNER).exists()


def memberships_of(user: User) -> QuerySet[Membership]:
    """The user's memberships with their sellers, those of `sellers_of`, by the seller's name."""
    own = user.memberships.exclude(seller__status=Seller.Status.DELETED)
    return own.select_related("seller").order_by("seller__name")


def may_change(*, user: User, seller: Seller) -> bool:
    """Whether the user may start syncs and resolve issues of the seller. Viewers have read-only access."""
    return Membership.objects.filter(user=user, seller=seller).exclude(role=Membership.Role.VIEWER).exists()


def sellers_to_change(user: User) -> QuerySet[Seller]:
    """The sellers for which `may_change` holds."""
    memberships = Membership.objects.filter(user=user).exclude(role=Membership.Role.VIEWER)
    return sellers_of(user).filter(pk__in=memberships.values("seller"))


def agreements_of_seller(*, seller_id: int) -> QuerySet[DropshipAgreement]:
    """Active agreements of a seller with its vendors, with the vendor's name on order lines (S9)."""
    return _without_deleted_sellers().filter(seller=seller_id, active=True)


def agreements_of_vendor(*, vendor_id: int) -> QuerySet[DropshipAgreement]:
    """All agreements of a vendor with its sellers, including ended ones."""
    return _without_deleted_sellers().filter(vendor=vendor_id)


def _without_deleted_sellers() -> QuerySet[DropshipAgreement]:
    """Exclude deleted sellers and vendors: their data isn't synced (L13)."""
    deleted = Seller.Status.DELETED
    return DropshipAgreement.objects.exclude(seller__status=deleted).exclude(vendor__status=deleted)
