"""What the engine needs to know about a job's platform without calling it."""

from functools import lru_cache
from time import monotonic
from typing import Any, TypedDict

from connectors.adapters.registry import adapter_for
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.streams import Target
from hub.kinds import DataType, Direction, Role
from hub.models import Connection, Job


def target_class(job: Job) -> type[Target[Any, Any, Any]]:
    """The target stream of an export job."""
    return adapter_for(job.connection.platform).targets()[DataType(job.data_type)]


def is_feed(job: Job) -> bool:
    """Whether the job's changes are sent as file imports (F7)."""
    return issubclass(target_class(job), FeedTarget)


def keeps_remote_log(job: Job) -> bool:
    """Whether the target of an export keeps a sync log of this data type as well (D16)."""
    log = adapter_for(job.connection.platform).sync_log
    return job.direction == Direction.EXPORT and log is not None and job.data_type in log.names


class PlatformNames(TypedDict):
    """The names that issue texts use: where the issue was found, and where the item is edited; empty: unknown."""

    platform: str
    source: str


def platform_names(job: Job) -> PlatformNames:
    """The names of the connections for issues of a job's items.

    An exported item is edited in the seller's shop; `source` is empty where the seller has several shops.
    """
    platform = job.connection.name
    if job.direction == Direction.IMPORT:
        return {"platform": platform, "source": platform}
    return {"platform": platform, "source": _shop_name(job.connection.seller_id, int(monotonic() // 60))}


@lru_cache(maxsize=1024)
def _shop_name(seller_id: int | None, minute: int) -> str:
    """Cached for a minute, because it is needed for each issue of a batch."""
    if seller_id is None:
        return ""
    shops = Connection.objects.filter(seller_id=seller_id, role=Role.SHOP, jobs__direction=Direction.IMPORT)
    names = set(shops.values_list("name", flat=True))
    return names.pop() if len(names) == 1 else ""
