"""The words that masks choose from: names, companies, streets and cities in several languages, made by Faker.

Faker needs much memory, so it runs in a separate process (`python -m staging_copy.masking.pools`), once per version of
Faker.
"""

import json
import sys
from pathlib import Path
from subprocess import run

from staging_copy.masking.rules import POOLS, Pools

LOCALES = ("en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "sv_SE")
_WORDS_PER_LOCALE = 400
_PROVIDERS = {name: name for name in POOLS} | {"street": "street_name"}


def ensure(folder: Path) -> Path:
    """The pools file in `folder`; creates it if it does not exist."""
    from importlib.metadata import version  # imported here because loaders only read pools

    path = folder / f"pools-{version('faker')}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        result = run([sys.executable, "-m", __name__], cwd=_ROOT, capture_output=True, check=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(result.stdout)
        unfinished.rename(path)
    return path


def read(path: Path) -> Pools:
    """Reads a pools file: maps each pool's name to its UTF-8 encoded words."""
    return {name: [word.encode() for word in words] for name, words in json.loads(path.read_bytes()).items()}


def make() -> dict[str, list[str]]:
    """Generates the words; the result is deterministic for a version of Faker."""
    from faker import Faker  # imported here because it needs more memory than everything else in a loader

    words: dict[str, dict[str, None]] = {name: {} for name in POOLS}
    for locale in LOCALES:
        fake = Faker(locale)
        fake.seed_instance(0)
        for name, provider in _PROVIDERS.items():
            words[name].update(dict.fromkeys(str(getattr(fake, provider)()) for _ in range(_WORDS_PER_LOCALE)))
    return {name: list(drawn) for name, drawn in words.items()}


_ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    json.dump(make(), sys.stdout)
