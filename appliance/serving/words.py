"""The pages' texts: one flat JSON file a language, the same keys in each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from appliance.serving.exceptions import ServingError


class Words:
    """The texts of one language: `words["key"]`, or `words("key", name="…")` to fill `{name}` in."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = dict(texts)

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def __call__(self, key: str, **filled: object) -> str:
        text = self._texts[key]
        for name, value in filled.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def get(self, key: str) -> str:
        """The text, or nothing where there is none."""
        return self._texts.get(key, "")

    def all(self) -> dict[str, str]:
        """For a page's script."""
        return dict(self._texts)

    def joined(self, other: Words) -> Words:
        """These and those of `other` (a face's own beside the shared ones)."""
        return Words(self.language, {**self._texts, **other.all()})


def languages(directory: Path) -> list[str]:
    """The languages that a directory of locales has."""
    return sorted(path.stem for path in directory.glob("*.json"))


def load_words(directory: Path, language: str) -> Words:
    """`directory/<language>.json`. Raises ServingError for a language that isn't there, naming those that are."""
    known = languages(directory)
    if language not in known:
        reason = f"no texts in the language {language!r}: choose one of {', '.join(known)}"
        raise ServingError(reason)
    return Words(language, msgspec.json.decode((directory / f"{language}.json").read_bytes(), type=dict[str, str]))
