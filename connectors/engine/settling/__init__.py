"""Settles batches: records in one transaction what happened to each change.

`results` has a class for each thing that can happen to a change, `batch` collects them, and `transaction.settle` writes
everything that follows: links, queue, sync status, issues, counters, follow-up changes and the end of runs. Each of
these has a module of its own.
"""

from connectors.engine.settling.batch import Batch, decided_batch
from connectors.engine.settling.transaction import settle

__all__ = ["Batch", "decided_batch", "settle"]
