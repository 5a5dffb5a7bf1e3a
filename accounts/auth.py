"""Who calls the REST API: the key's scope, and the sellers that it reaches."""

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import HttpBearer

from accounts.models import ApiKey, Seller, User
from accounts.queries import may_change, sellers_of
from accounts.rest import ApiError, FieldError
from accounts.services import find_api_key


class ApiRequest(HttpRequest):
    """A request that `ApiKeyAuth` let through."""

    auth: ApiKey


class ApiKeyAuth(HttpBearer):
    """`Authorization: Bearer sc_…` with a key that has the scope: 401 without a valid key, 403 without the scope."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = find_api_key(token) if token.startswith("sc_") and token.isprintable() else None
        if key is not None and self.scope not in key.scopes:
            raise AuthorizationError(message=f"This key lacks the scope {self.scope}: make one that has it.")
        return key


def is_platform_key(key: ApiKey) -> bool:
    """A key of neither a seller nor a person belongs to a system that serves the whole installation."""
    return key.seller_id is None and key.user_id is None


def sellers_for(key: ApiKey) -> QuerySet[Seller]:
    """The sellers that the key reaches: its own, those of its user, or, for a platform's key, all."""
    sellers = sellers_of(key.user) if key.user else Seller.objects.exclude(status=Seller.Status.DELETED)
    return sellers.filter(pk=key.seller_id) if key.seller_id else sellers


def seller_for(key: ApiKey, slug: str | None) -> Seller:
    """The one seller that a call is about: 404 if the key does not reach it, 400 if it reaches several unnamed."""
    sellers = sellers_for(key)
    found = list((sellers.filter(slug=slug) if slug else sellers)[:2])
    if len(found) > 1:
        message = "This key reaches several sellers: name one by ?seller=<slug>."
        raise ApiError(400, message, field_errors=[FieldError(property="seller", code="missing", message=message)])
    if not found:
        raise ApiError(404, "No such seller among those that this key reaches.")
    return found[0]


def require_write_access(key: ApiKey, seller: Seller | None) -> None:
    """403 if the key acts for a person who may only look."""
    user: User | None = key.user
    if user is not None and (seller is None or not may_change(user=user, seller=seller)):
        raise AuthorizationError(message="The key's owner may look, not change.")
