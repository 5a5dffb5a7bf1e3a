"""REST authentication: API keys, their scopes and the sellers that a key can access."""

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import HttpBearer

from accounts.models import ApiKey, Seller, User
from accounts.queries import is_owner, may_change, sellers_of
from accounts.services import find_api_key
from common.rest import ApiError, FieldError


class ApiRequest(HttpRequest):
    """A request authenticated by `ApiKeyAuth`."""

    auth: ApiKey


class ApiKeyAuth(HttpBearer):
    """Bearer authentication with an API key. Responds 401 without a valid key, 403 if the key lacks `scope`."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = find_api_key(token) if token.startswith("sc_") and token.isprintable() else None
        if key is not None and self.scope not in key.scopes:
            raise AuthorizationError(
                message=f"This API key lacks the scope {self.scope}. Create a key with that scope."
            )
        return key


def is_installation_key(key: ApiKey) -> bool:
    """Whether the key has neither a seller nor a user: it belongs to a system that serves the whole installation."""
    return key.seller_id is None and key.user_id is None


def sellers_for(key: ApiKey) -> QuerySet[Seller]:
    """The sellers that the key can access: its own, those of its user, or all if it is for the whole installation."""
    sellers = sellers_of(key.user) if key.user else Seller.objects.exclude(status=Seller.Status.DELETED)
    return sellers.filter(pk=key.seller_id) if key.seller_id else sellers


def seller_for(key: ApiKey, slug: str | None) -> Seller:
    """The seller of a request. ApiError 404 if the key can't access it, 400 if `slug` is needed to choose one."""
    sellers = sellers_for(key)
    found = list((sellers.filter(slug=slug) if slug else sellers)[:2])
    if len(found) > 1:
        message = "This API key can access several sellers. Choose one with ?seller=<slug>."
        raise ApiError(400, message, field_errors=[FieldError(property="seller", code="missing", message=message)])
    if not found:
        raise ApiError(404, "Seller not found, or this API key can't access it.")
    return found[0]


def require_write_access(key: ApiKey, seller: Seller | None) -> None:
    """Raise AuthorizationError (403) if the key belongs to a user with read-only access to the seller."""
    user: User | None = key.user
    if user is not None and (seller is None or not may_change(user=user, seller=seller)):
        raise AuthorizationError(message="The owner of this API key has read-only access.")


def require_owner(key: ApiKey, seller: Seller | None) -> None:
    """Raise AuthorizationError (403) if the key belongs to a user who is no owner of the seller."""
    if key.user is not None and not is_owner(user=key.user, seller=seller):
        raise AuthorizationError(message="Only owners can connect or remove a platform. Use an API key of an owner.")
