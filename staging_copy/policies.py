"""Collects the policies of all installed apps and of third-party tables."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.apps import apps

from staging_copy.masking.policy import Policy, PolicyError, parse

_THIRD_PARTY = "staging_copy.third_party_policy"


def load() -> Policy:
    """The policies of all installed apps and third-party tables. Raises PolicyError for the first mistake."""
    policy, errors = collect()
    if errors:
        raise errors[0]
    return policy


def collect() -> tuple[Policy, list[PolicyError]]:
    """Like `load`, but returns all mistakes instead of raising the first; invalid policies are left out."""
    return parse(_modules())


def _modules() -> Iterator[ModuleType]:
    for config in apps.get_app_configs():
        name = f"{config.name}.policy"
        if find_spec(name):
            module = import_module(name)
            if hasattr(module, "POLICY"):
                yield module
    yield import_module(_THIRD_PARTY)
