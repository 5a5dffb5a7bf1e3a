"""The issue catalog, for adapters: `SkipRecord(issues.SKU_MISSING(count=1, names="M"))`.

New types are added to the catalog (`synclog/issue_catalog/`), so that all platforms share its texts.
"""

from synclog.issue_catalog.general import *  # noqa: F403
from synclog.issue_catalog.orders import *  # noqa: F403
from synclog.issue_catalog.products import *  # noqa: F403
