"""The cause of an issue: issues with the same cause are fixed in the same way, and shown as one entry (I1)."""

import re
from hashlib import blake2b

from synclog.issue_catalog import issue_type

# What differs from item to item: quoted texts, and words with digits such as SKUs, IDs and amounts.
_VALUES = re.compile(r"“[^”]*”|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|\S*\d\S*")


def cause_of(*, code: str, message: str, title: str = "") -> str:
    """A key of at most 60 characters: the code of the issue's type, or the code and a digest of the platform's words.

    The digest is added where only the platform's own words say what is wrong. The values of the item are left out of
    it; `title` is the item's name. Issues that other systems report without a code have the code `reported`.
    """
    known = issue_type(code)
    if (known is None and code) or (known is not None and "reason" not in known.placeholders()):
        return code
    words = message.partition("\n")[0]
    words = _VALUES.sub("#", words.replace(title, "#") if title else words)
    return f"{code or 'reported'}:{blake2b(' '.join(words.lower().split()).encode(), digest_size=6).hexdigest()}"
