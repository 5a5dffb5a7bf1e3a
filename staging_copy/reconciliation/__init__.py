"""The check after a copy, on staging: what its shop does not have becomes `deleted` there (L11, L12, L15).

`check` is its course, `shops` asks, `comparing` compares in the database, `guard` tells when a person must be asked,
`verdicts` carries out what follows, `memory` lets a killed check go on where it stopped.
"""

from staging_copy.reconciliation.check import Check
from staging_copy.reconciliation.shops import CheckFailed

__all__ = ["Check", "CheckFailed"]
