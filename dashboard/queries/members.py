"""The people of a seller, to whom work can be assigned."""

from django.db.models import QuerySet

from accounts.models import Seller, User


def members(*, seller: Seller) -> QuerySet[User]:
    """Those who can log in, by name."""
    return User.objects.filter(memberships__seller=seller, is_active=True).order_by("name", "email")
