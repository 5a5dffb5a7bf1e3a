"""Finds the adapters: every class with a `key` in a module of connectors.platforms."""

import importlib
import pkgutil
from functools import lru_cache
from typing import Any

from connectors import platforms
from connectors.sdk.adapter import Adapter


@lru_cache(maxsize=1)
def adapters() -> dict[str, type[Adapter[Any]]]:
    """All adapters by key. RuntimeError if two classes have the same key."""
    found: dict[str, type[Adapter[Any]]] = {}
    for module_info in pkgutil.iter_modules(platforms.__path__):
        module = importlib.import_module(f"{platforms.__name__}.{module_info.name}")
        for value in vars(module).values():
            if not (isinstance(value, type) and issubclass(value, Adapter) and "key" in vars(value)):
                continue
            if found.get(value.key, value) is not value:
                raise RuntimeError(f"Two adapters have the key {value.key!r}.")
            found[value.key] = value
    return dict(sorted(found.items()))


def adapter_for(platform: str) -> type[Adapter[Any]]:
    """The adapter class of a platform. LookupError, with the known keys, if there is none."""
    try:
        return adapters()[platform]
    except KeyError:
        raise LookupError(f"No adapter for {platform!r}. Known platforms: {', '.join(adapters())}.") from None
