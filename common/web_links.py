"""Links to pages of other systems."""

from urllib.parse import urlsplit


def safe_url(value: str) -> str:
    """The URL if it is http(s), else an empty string: external data may hold `javascript:` links."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.netloc else ""
