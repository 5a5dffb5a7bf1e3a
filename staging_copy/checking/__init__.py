"""The post-copy check on staging: items that staging's shops do not have are marked as deleted (L11, L12, L15).

`check` is the workflow, `shops` queries the shops, `comparison` compares in the database, `tally` decides when a person
must confirm, `deletion` applies the findings, and `progress` lets a killed check continue where it stopped.
"""

from staging_copy.checking.check import Check
from staging_copy.checking.shops import CheckFailed

__all__ = ["Check", "CheckFailed"]
