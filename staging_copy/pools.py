"""The words that masks choose from: names, companies, streets, cities of several countries, made by Faker.

Faker is large, so it runs in a process of its own (`python -m staging_copy.pools`), once per version of it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from subprocess import run

from staging_copy.rules import POOLS, Pools

LOCALES = ("en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "sv_SE")
_WORDS_PER_LOCALE = 400
_PROVIDERS = {name: name for name in POOLS} | {"street": "street_name"}


def ensure(folder: Path) -> Path:
    """The file with the pools in `folder`, made if it is not there."""
    path = folder / f"pools-{version('faker')}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = run([sys.executable, "-m", __name__], cwd=_ROOT, capture_output=True, check=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(made.stdout)
        unfinished.rename(path)
    return path


def read(path: Path) -> Pools:
    """Pool name → its words in UTF-8."""
    return {name: [word.encode() for word in words] for name, words in json.loads(path.read_bytes()).items()}


def make() -> dict[str, list[str]]:
    """Draws the words. The same version of Faker always draws the same."""
    from faker import Faker  # here, because importing it costs the loaders more memory than all their work

    words: dict[str, dict[str, None]] = {name: {} for name in POOLS}
    for locale in LOCALES:
        fake = Faker(locale)
        fake.seed_instance(0)
        for name, provider in _PROVIDERS.items():
            words[name].update(dict.fromkeys(str(getattr(fake, provider)()) for _ in range(_WORDS_PER_LOCALE)))
    return {name: list(drawn) for name, drawn in words.items()}


_ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    json.dump(make(), sys.stdout)
