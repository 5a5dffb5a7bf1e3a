"""Whether an item is left out, with an issue, if the calls for its details fail (`connectors.sdk.details`)."""

from enum import Enum, auto


class Isolation(Enum):
    NEVER = auto()
    IF_OTHERS_ANSWER = auto()
    ALWAYS = auto()
