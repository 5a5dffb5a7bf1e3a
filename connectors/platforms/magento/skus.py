"""SKUs as the shop stores and compares them: it trims them, and its database ignores case and accents."""

import unicodedata


def sku_key(sku: str) -> str:
    """Equal for SKUs that the shop does not tell apart."""
    plain = unicodedata.normalize("NFD", sku.strip())
    return "".join(each for each in plain if not unicodedata.combining(each)).lower()


def astral_characters(text: str) -> str:
    """The characters outside of Unicode's basic plane, such as emoji, once each. The shop's database, which has three
    bytes for a character, would store question marks."""
    return "".join(dict.fromkeys(each for each in text if each > "\uffff"))


def without_astral(text: str) -> str:
    return "".join(each for each in text if each <= "\uffff")
