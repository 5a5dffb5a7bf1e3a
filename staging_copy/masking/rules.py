"""The masks: how values of live are replaced on staging.

Within one copy, equal values give equal results in every table; without the key the originals cannot be recovered.
Passwords and secrets get new random values in each copy.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from itertools import cycle
from struct import unpack

from staging_copy.masking import addresses, contacts

# Maps a value (not empty) to its replacement; both are UTF-8.
Mask = Callable[[bytes], bytes]
# Masks many values, given a 64-bit number for each that depends only on the value and the key.
_Form = Callable[[Sequence[int], Sequence[bytes]], list[bytes]]
Pools = Mapping[str, Sequence[bytes]]

POOLS = ("first_name", "last_name", "company", "street", "city", "word")
_NOT_DIGITS = bytes(byte for byte in range(256) if not 0x30 <= byte <= 0x39)
_HEXADECIMAL = b"0123456789abcdef"
_ALPHABET = (string.ascii_letters + string.digits).encode()
_SEPARATORS = " .-+/_:()"
_MAX_TEXT_LENGTH = 2_000


class Rules:
    """The masks of one copy. `key` determines the replacements; `secret_key`, used once, those of secrets.

    `pools` has the words to choose from for each name in POOLS.
    """

    def __init__(self, *, key: bytes, secret_key: bytes, domain: str, pools: Pools) -> None:
        self.domain = domain.encode()
        self._key = key
        self._secret_key = secret_key
        self._pools = pools
        self._lorem = b" ".join(word for word in pools["word"] if word.isascii())
        self._forms: dict[str, _Form] = {
            "email": lambda numbers, values: _format_each(b"%d@" + self.domain, numbers),
            "first_name": self._pick("first_name"),
            "last_name": self._pick("last_name"),
            "company": self._pick("company"),
            "city": self._pick("city"),
            "name": _per_value(self._name),
            "street": self._street,
            # +999 is not assigned to any country.
            "phone": lambda numbers, values: _format_each(b"+999%010d", [number % 10**10 for number in numbers]),
            "postcode": _per_value(self._scramble),
            "tax_id": _per_value(self._account),
            "bank": _per_value(self._account),
            "iban": _per_value(self._iban),
            "text": _per_value(self._text),
            "ip": _ip,
            "url": lambda numbers, values: _format_each(b"https://masked.invalid/%016x", numbers),
            "secret": _per_value(lambda number, value: self._secret(value)),
            # The format of Django's make_password(None), which no password matches.
            "password": _per_value(lambda number, value: b"!" + self._secret(bytes(40))),
        }
        # Copying a hash that has processed the key is faster than creating a new one.
        self._hashes = {kind: blake2b(key=key, digest_size=8, person=kind.encode()) for kind in self._forms}

    def mask(self, kind: str) -> Mask:
        """The mask of a kind (see policy.MASKS), for single values."""
        return lambda value: self.mask_many(kind, [value])[0]

    def mask_many(self, kind: str, values: Sequence[bytes]) -> list[bytes]:
        """Masks many values, which is faster than one by one."""
        return self._forms[kind](self._numbers(kind, values), values)

    def _numbers(self, kind: str, values: Sequence[bytes]) -> tuple[int, ...]:
        copy, digests = self._hashes[kind].copy, []
        for value in _CANONICAL_FORMS[kind](values) if kind in _CANONICAL_FORMS else values:
            digest = copy()
            digest.update(value.strip().lower() if value.isascii() else addresses.normalized(value))
            digests.append(digest.digest())
        return unpack(f">{len(digests)}Q", b"".join(digests))

    def scrub(self, value: bytes) -> bytes:
        """Replaces every email address in the value by NUMBER@domain."""
        return addresses.replace(value, self._number, self.domain)

    def scrub_unique(self, value: bytes) -> bytes:
        """Like `scrub`, and values that differ in the spelling of an address stay different.

        The number is that of the address; capitals in the domain, which make no difference in one, tell the spelling.
        """
        return addresses.replace(value, self._number, self.domain, self._respelled_domain)

    def _number(self, address: bytes) -> bytes:
        return b"%d" % self._numbers("email", [address])[0]

    def _respelled_domain(self, spelling: bytes) -> bytes:
        digest = blake2b(spelling, digest_size=8, key=self._key, person=b"spelling").digest()
        bits = int.from_bytes(digest, "big") | 1  # at least one capital: without, it is the normalized spelling
        letters = enumerate(self.domain.decode())
        return "".join(each.upper() if bits >> place & 1 else each for place, each in letters).encode()

    def scrub_contacts(self, value: bytes) -> bytes:
        """Like `scrub`, and replaces phone numbers and IBANs too."""
        return contacts.replace(self.scrub(value), self.mask("phone"), self.mask("iban"))

    def scramble_number(self, token: str) -> str:
        """Replaces the digits of a JSON number, keeping its format."""
        return self._reshape(token, first_digit=1).decode()

    def _pick(self, kind: str) -> _Form:
        words = self._pools[kind]
        return lambda numbers, values: [words[number % len(words)] for number in numbers]

    def _name(self, number: int, value: bytes) -> bytes:
        first, last = self._pools["first_name"], self._pools["last_name"]
        high, low = divmod(number, 1 << 32)
        return first[high % len(first)] + b" " + last[low % len(last)]

    def _street(self, numbers: Sequence[int], values: Sequence[bytes]) -> list[bytes]:
        streets = self._pools["street"]
        return [b"%s %d" % (streets[(number >> 32) % len(streets)], number % 250 + 1) for number in numbers]

    def _scramble(self, number: int, value: bytes) -> bytes:
        """Replaces digits by digits and letters by letters, keeping separators."""
        if value.isdigit() and len(value) < 16:
            return b"%0*d" % (len(value), number % 10 ** len(value))
        return self._reshape(value.decode(errors="replace"))

    def _account(self, number: int, value: bytes) -> bytes:
        """Like `_scramble`, but keeps a leading country code."""
        country = value[:2] if value[:2].isalpha() else b""
        return country + self._scramble(number, value[len(country) :])

    def _iban(self, number: int, value: bytes) -> bytes:
        if not value[:2].isalpha():
            return self._scramble(number, value)
        # 00 is never a valid check digit pair.
        return value[:2] + b"00" + self._scramble(number, value[2:])[2:]

    def _text(self, number: int, value: bytes) -> bytes:
        length = min(len(value), _MAX_TEXT_LENGTH)
        start = number % (len(self._lorem) - _MAX_TEXT_LENGTH)
        return self._lorem[start : start + length].strip() or b"x"

    def _reshape(self, text: str, *, first_digit: int = 0) -> bytes:
        normalized = addresses.normalized(text.encode())
        stream = cycle(blake2b(normalized, digest_size=64, key=self._key, person=b"shape").digest())
        pieces = []
        for character, byte in zip(text, stream, strict=False):
            if character.isdigit():
                pieces.append(str(byte % (10 - first_digit) + first_digit))
            elif character.isalpha():
                letters = string.ascii_lowercase if character.islower() else string.ascii_uppercase
                pieces.append(letters[byte % 26])
            else:
                pieces.append(character if character in _SEPARATORS else "-")
        return "".join(pieces).encode()

    def _secret(self, value: bytes) -> bytes:
        """New characters of the same length; hexadecimal values stay hexadecimal."""
        alphabet = _HEXADECIMAL if not value.strip(_HEXADECIMAL) else _ALPHABET
        length, stream = len(value), b""
        while len(stream) < length:
            stream += blake2b(b"%d:%s" % (len(stream), value), key=self._secret_key).digest()
        return bytes(alphabet[byte % len(alphabet)] for byte in stream[:length])


def _format_each(form: bytes, numbers: Sequence[int]) -> list[bytes]:
    """Formats each number; one large `%` operation is faster than many small ones."""
    return (b"\n".join([form] * len(numbers)) % tuple(numbers)).split(b"\n") if numbers else []


def _per_value(form: Callable[[int, bytes], bytes]) -> _Form:
    return lambda numbers, values: list(map(form, numbers, values))


def _ip(numbers: Sequence[int], values: Sequence[bytes]) -> list[bytes]:
    # Ranges for documentation (RFC 3849) and benchmarks (RFC 2544), which are not routed on the internet.
    return [
        b"2001:db8::%x:%x:%x:%x" % (number >> 48, number >> 32 & 0xFFFF, number >> 16 & 0xFFFF, number & 0xFFFF)
        if b":" in value
        else b"198.%d.%d.%d" % (18 + (number >> 16 & 1), number >> 8 & 0xFF, number & 0xFF)
        for number, value in zip(numbers, values, strict=True)
    ]


def _bare_address(value: bytes) -> bytes:
    """Reduces `Anna <anna@example.com>` to `anna@example.com`, and decodes a domain in punycode (`xn--…`)."""
    return next((found.normalized for found in addresses.find(value)), value)


# How values are normalized before hashing, beyond ignoring case.
_CANONICAL_FORMS: dict[str, Callable[[Sequence[bytes]], list[bytes]]] = {
    "email": lambda values: [
        _bare_address(value) if b"<" in value or b" " in value or b"--" in value else value for value in values
    ],
    # Ignore the formatting of phone numbers.
    "phone": lambda values: [value.translate(None, _NOT_DIGITS) or value for value in values],
}
