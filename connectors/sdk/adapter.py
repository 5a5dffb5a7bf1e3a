"""The base class of adapters: identity, settings, credentials, authentication, and the list of streams."""

from abc import ABC, abstractmethod
from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.account import Account, Rate
from connectors.sdk.assumptions import Assumption
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.checkouts import Checkouts
from connectors.sdk.feeds import Feed
from connectors.sdk.http import HttpClient
from connectors.sdk.installation import Installation
from connectors.sdk.retry import RetryPolicy
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.storefronts import CustomerAccounts, SignIns
from connectors.sdk.streams import Listing, Source, Stream, Target
from connectors.sdk.sync_log import RemoteSyncLog
from connectors.sdk.tokens import TokenStore
from connectors.sdk.transformations import SourceFieldMap
from connectors.sdk.webhooks import Webhooks
from hub.kinds import DataType, Role

ClientT = TypeVar("ClientT")


class Adapter(ABC, Generic[ClientT]):
    """Base of all platforms. A subclass in a package of connectors/platforms/ is found by the registry.

    All streams share one client, which `make_client` creates. The class attributes:

    - `key`: the stored identifier; `name`: the display name; `role`: the platform's role for a seller
    - `setup_guide`: which URL to enter, and where to find the credentials
    - `streams`: the sources and targets, one per data type and direction
    - `listings`: listings of kinds that no stream lists; streams that are listings need not be repeated
    - `rate`: the vendor's rate budget, if it is known
    - `retry`: attempts, delays and limits when calls fail
    - `exactly_once`: False if a repeated create could create a duplicate, because nothing can be looked up first
    - `assumptions`: what the vendor's documentation leaves open, with the checks that a connection test runs (V6)
    - `installation`: how an account installs our app by redirects (OAuth 2), if the vendor offers it
    - `accounts`, `sign_ins`, `checkouts`: what B2B storefronts ask of a shop while a person waits, if it offers them
    - `account_settings`: settings that tell accounts apart that have the same URL. A copy to staging keeps staging away
      from live's accounts by URL and these
    - `uses_shop_ids`: whether payloads refer to items by their IDs in the seller's shop (References.at_shop). That is
      the shop whose slug is in the setting `shop`, else the seller's first shop
    """

    key: ClassVar[str]
    name: ClassVar[str]
    role: ClassVar[Role]
    Settings: ClassVar[type[Schema]] = Schema
    Credentials: ClassVar[type[Schema]] = Schema
    # The field mapping: which field of the platform holds which of our fields, if that differs by account (S5).
    FieldMap: ClassVar[type[Schema]] = SourceFieldMap
    setup_guide: ClassVar[SetupGuide | None] = None
    streams: ClassVar[tuple[type[Stream[Any]], ...]] = ()
    listings: ClassVar[tuple[type[Listing[Any]], ...]] = ()
    webhooks: ClassVar[type[Webhooks[Any]]] = Webhooks
    sync_log: ClassVar[type[RemoteSyncLog[Any]] | None] = None
    rate: ClassVar[Rate | None] = None
    retry: ClassVar[RetryPolicy] = RetryPolicy()
    exactly_once: ClassVar[bool] = True
    assumptions: ClassVar[tuple[Assumption, ...]] = ()
    installation: ClassVar[type[Installation] | None] = None
    accounts: ClassVar[type[CustomerAccounts[Any]] | None] = None
    sign_ins: ClassVar[type[SignIns[Any]] | None] = None
    checkouts: ClassVar[type[Checkouts[Any]] | None] = None
    account_settings: ClassVar[tuple[str, ...]] = ()
    uses_shop_ids: ClassVar[bool] = False

    def __init__(self, account: Account[Any, Any, Any], http: HttpClient, tokens: TokenStore) -> None:
        self.account = account
        self.http = http
        http.authenticator = self.make_authenticator(account, tokens)
        self._opened: dict[type[Any], Any] = {}

    # What a platform defines

    def make_authenticator(self, account: Account[Any, Any, Any], tokens: TokenStore) -> Authenticator | None:
        """The authenticator for requests to the platform. `tokens` stores OAuth 2 refresh tokens."""
        return None

    @abstractmethod
    def make_client(self) -> ClientT:
        """The object that the streams share: typed calls over `self.http`, and data cached for one turn."""

    @abstractmethod
    def check(self) -> str:
        """Verify URL and credentials with the cheapest call. Returns a line for people, such as shop name and version.

        Raises NeedsAttention with a fix if they are wrong.
        """

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        """The unit by which the vendor counts requests; connections with the same key share one budget."""
        return f"{cls.key}:{account.base_url}"

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        """What an operator should do, with these settings, before the vendor shuts down an API."""
        return []

    # Called by the engine

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
        """The source of a data type; LookupError if the adapter does not import it."""
        source: Source[ClientT, Any] = self._open(self.sources()[data_type])
        return source

    def target(self, data_type: DataType) -> Target[ClientT, Any, Any]:
        """The target of a data type; LookupError if the adapter does not export it."""
        target: Target[ClientT, Any, Any] = self._open(self.targets()[data_type])
        return target

    def feed(self, feed: type[Feed[Any]]) -> Feed[ClientT]:
        """The feed of a `FeedTarget`; streams of the same feed share it."""
        opened: Feed[ClientT] = self._open(feed)
        return opened

    @classmethod
    def listing_classes(cls) -> dict[str, type[Listing[Any]]]:
        """Kind of item → its listing class."""
        listed = [stream for stream in cls.streams if issubclass(stream, Listing)]
        return {each.kind: each for each in (*listed, *cls.listings)}

    def listing(self, kind: str) -> Listing[ClientT] | None:
        """The listing of a kind of item; None if there is none."""
        listing = self.listing_classes().get(kind)
        return None if listing is None else self._open(listing)

    def open_accounts(self) -> CustomerAccounts[ClientT]:
        """The customer accounts of a shop; LookupError if the adapter has none."""
        if self.accounts is None:
            raise LookupError(f"{self.name} has no customer accounts.")
        opened: CustomerAccounts[ClientT] = self._open(self.accounts)
        return opened

    def open_checkouts(self) -> Checkouts[ClientT]:
        """The carts of a shop; LookupError if the adapter has none."""
        if self.checkouts is None:
            raise LookupError(f"{self.name} has no carts.")
        opened: Checkouts[ClientT] = self._open(self.checkouts)
        return opened

    def open_sign_ins(self) -> SignIns[ClientT] | None:
        """What verifies who is signed in to a shop; None if the adapter has nothing of the kind."""
        return None if self.sign_ins is None else self._open(self.sign_ins)

    def _open(self, stream: type[Any]) -> Any:
        if stream not in self._opened:
            self._opened[stream] = stream(self.client)
        return self._opened[stream]
