"""Names of platforms as pages show them."""

from connectors.adapters.registry import adapters
from hub.models import Connection


def platform_name(connection: Connection) -> str:
    """`BigCommerce` for a connection to it; the stored key if no adapter has it any more."""
    adapter = adapters().get(connection.platform)
    return adapter.name if adapter else connection.platform
