"""What an adapter is: identity, settings, credentials, how it authenticates, and the list of its streams."""

from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.account import Account, Rate
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.http import HttpClient
from connectors.sdk.schemas import Schema
from connectors.sdk.streams import Listing, Source, Stream, Target
from connectors.sdk.sync_log import RemoteSyncLog
from connectors.sdk.tokens import TokenStore
from connectors.sdk.webhooks import Webhooks
from hub.kinds import DataType, Role

ClientT = TypeVar("ClientT")


class Adapter(Generic[ClientT]):
    """Base of all platforms. A subclass in a package of connectors/platforms/ is found by the registry.

    All streams share one client, which `make_client` makes. The class attributes:

    - `key`: the identifier that is stored; `name`: what people read; `role`: what the platform is to a seller
    - `streams`: the sources and targets, one per data type and direction
    - `listings`: what tells which items of further kinds exist; streams that are listings need not be repeated
    - `rate`: the vendor's budget of requests, if it is known
    - `exactly_once`: False where a repeated create would make a second item and nothing can be looked up first
    - `uses_shop_ids`: whether payloads name items by their IDs in the seller's shop (References.at_shop): the shop that
      the setting `shop` names by its slug, else the seller's first
    """

    key: ClassVar[str]
    name: ClassVar[str]
    role: ClassVar[Role]
    Settings: ClassVar[type[Schema]] = Schema
    Credentials: ClassVar[type[Schema]] = Schema
    # Which of the platform's fields holds what of ours, where accounts differ in that (S5).
    FieldMap: ClassVar[type[Schema]] = Schema
    streams: ClassVar[tuple[type[Stream[Any]], ...]] = ()
    listings: ClassVar[tuple[type[Listing[Any]], ...]] = ()
    webhooks: ClassVar[type[Webhooks[Any]]] = Webhooks
    sync_log: ClassVar[type[RemoteSyncLog[Any]] | None] = None
    rate: ClassVar[Rate | None] = None
    exactly_once: ClassVar[bool] = True
    uses_shop_ids: ClassVar[bool] = False

    def __init__(self, account: Account[Any, Any, Any], http: HttpClient, tokens: TokenStore) -> None:
        self.account = account
        self.http = http
        http.authenticator = self.make_authenticator(account, tokens)
        self._opened: dict[type[Any], Any] = {}

    # What a platform defines

    def make_authenticator(self, account: Account[Any, Any, Any], tokens: TokenStore) -> Authenticator | None:
        """What proves to the platform who calls. `tokens` keeps OAuth 2 refresh tokens."""
        return None

    def make_client(self) -> ClientT:
        """What the streams share: typed calls over `self.http`, and what is cached for one turn."""
        raise NotImplementedError

    def check(self) -> str:
        """Make the cheapest call that proves address and credentials; return a line for people (shop name, version).

        Raises NeedsAttention with a fix if they are wrong.
        """
        raise NotImplementedError

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        """What the vendor counts requests by; connections with the same key share one budget."""
        return f"{cls.key}:{account.base_url}"

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        """What the operator of a connection with these settings should do before an interface ends."""
        return []

    # What the engine asks

    @cached_property
    def client(self) -> ClientT:
        return self.make_client()

    @classmethod
    def sources(cls) -> dict[DataType, type[Source[Any, Any]]]:
        return {stream.data_type: stream for stream in cls.streams if issubclass(stream, Source)}

    @classmethod
    def targets(cls) -> dict[DataType, type[Target[Any, Any, Any]]]:
        return {stream.data_type: stream for stream in cls.streams if issubclass(stream, Target)}

    def source(self, data_type: DataType) -> Source[ClientT, Any]:
        """The source of a data type; LookupError if the platform is not read for it."""
        source: Source[ClientT, Any] = self._open(self.sources()[data_type])
        return source

    def target(self, data_type: DataType) -> Target[ClientT, Any, Any]:
        """The target of a data type; LookupError if the platform is not written for it."""
        target: Target[ClientT, Any, Any] = self._open(self.targets()[data_type])
        return target

    @classmethod
    def listing_classes(cls) -> dict[str, type[Listing[Any]]]:
        """Kind of item → what lists it."""
        listed = [stream for stream in cls.streams if issubclass(stream, Listing)]
        return {each.kind: each for each in (*listed, *cls.listings)}

    def listing(self, kind: str) -> Listing[ClientT] | None:
        """What lists a kind of item; None if nothing does."""
        listing = self.listing_classes().get(kind)
        return None if listing is None else self._open(listing)

    def _open(self, stream: type[Any]) -> Any:
        if stream not in self._opened:
            self._opened[stream] = stream(self.client)
        return self._opened[stream]
