"""The human part of the catalog, `app/catalog/overlay.toml`: it keeps count of what was used, so that nothing rots."""

from pathlib import Path
from typing import Any

from app.catalog.model import Kind, ParamSpec

OVERLAY_FILE = Path(__file__).parents[2] / "catalog" / "overlay.toml"


class OverlayError(Exception):
    """The overlay and inference disagree about who answers: names the entry and what to do."""


class Overlay:
    """The human part, which keeps count of what was used so that nothing in it can rot."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._unused = {("exclude", kind, name) for kind, names in data["exclude"].items() for name in names}
        self._unused |= {("params", "", key) for key in data["params"]}
        self._unused |= {("words", kind, name) for kind, names in data["words"].items() for name in names}
        self._unused |= {("samples", kind, name) for kind, names in data["samples"].items() for name in names}
        self._unused |= {(part, "", name) for part in ("sample_inputs", "ports") for name in data[part]}
        self._unused |= {("operations", "", name) for name in data["operations"]}
        self._unused |= {("hidden", owner, name) for owner, names in data["hidden"].items() for name in names}

    def excluded(self, kind: Kind, name: str) -> bool:
        self._unused.discard(("exclude", kind.value, name))
        return name in self._data["exclude"].get(kind.value, {})

    def hidden(self, owner: str, name: str) -> bool:
        self._unused.discard(("hidden", owner, name))
        return name in self._data["hidden"].get(owner, [])

    def param(self, owner: str, inferred: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a parameter with the overlay's laid over; fail when it says nothing new."""
        key = f"{owner}.{inferred['name']}"
        entry = self._data["params"].get(key)
        if entry is None:
            return inferred
        self._unused.discard(("params", "", key))
        entry = {name: _frozen(value) for name, value in entry.items()}
        told = [name for name, value in entry.items() if inferred.get(name) == value]
        if len(told) == len(entry):
            raise OverlayError(f"overlay.toml: inference now answers {key} by itself. Remove the entry.")
        return {**inferred, **entry}

    def extra_params(self, owner: str) -> tuple[ParamSpec, ...]:
        extra = self._data["extra_params"].get(owner, {})
        return tuple(ParamSpec.model_validate({"name": name, **fields}) for name, fields in extra.items())

    def operation(self, name: str) -> dict[str, Any]:
        """Return what is said about a function of `keras.ops`: its `name` in a design, `lists` and `values`."""
        found: dict[str, Any] = self.section("operations", name)
        return found

    def markers(self, kind: Kind) -> list[dict[str, Any]]:
        return [marker for marker in self._data["markers"] if marker["kind"] == kind.value]

    def section(self, *path: str) -> Any:
        """Return the table at `path`, empty when there is none."""
        self._unused.discard((path[0], path[1] if len(path) > 2 else "", path[-1]))
        place: Any = self._data
        for key in path:
            place = place.get(key, {})
        return place

    def finish(self) -> None:
        if self._unused:
            raise OverlayError(f"overlay.toml names what Keras does not have: {sorted(self._unused)}. Remove it.")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def with_nulls(value: Any) -> Any:
    """TOML has no null: the text `null` stands for it."""
    if isinstance(value, dict):
        return {key: with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    return None if value == "null" else value
