"""Search feeds: the waiting changes of a lane's streams are sent as one atomic import at a time (F7–F15).

Items are decided and settled as for any other target; what is different is how they are sent. `life_cycle` takes an
import through its states, `contents` writes its file, `outcomes` settles its items.
"""

from connectors.engine.feeds.lane import FeedLane
from connectors.engine.feeds.life_cycle import work

__all__ = ["FeedLane", "work"]
