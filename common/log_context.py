"""What is being worked on, for every line of the log: numbers of the request, seller, lane, job and run (O1)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from types import MappingProxyType

Observer = Callable[[Mapping[str, int | str]], AbstractContextManager[None]]
# Entered with each block, with its numbers: tracing makes it a span.
observers: list[Observer] = []
_current: ContextVar[Mapping[str, int | str]] = ContextVar("log_context", default=MappingProxyType({}))


@contextmanager
def log_context(**numbers: int | str | None) -> Iterator[None]:
    """Within the block, lines of the log have these numbers as well; those that are None are left out."""
    known = {name: number for name, number in numbers.items() if number is not None}
    token = _current.set({**_current.get(), **known})
    try:
        with ExitStack() as observed:
            for observer in observers:
                observed.enter_context(observer(known))
            yield
    finally:
        _current.reset(token)


def current() -> Mapping[str, int | str]:
    """The numbers that lines of the log have now."""
    return _current.get()
