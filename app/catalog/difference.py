"""What another Keras changes: two catalogs compared, in lines for the person who upgrades."""

from collections.abc import Iterator

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamSpec

_TOLD = ("kind", "required", "default", "nullable", "choices", "object_kind", "rank", "minimum", "maximum")
_PORTS = ("inputs", "outputs")


def differences(old: Catalog, new: Catalog) -> list[str]:
    """Return one line for each object and parameter that was added, removed or changed; help texts do not count."""
    lines = []
    for kind in Kind:
        before, after = old.objects.get(kind, {}), new.objects.get(kind, {})
        lines += [f"added    {kind.singular} {name}" for name in after if name not in before]
        lines += [f"removed  {kind.singular} {name}" for name in before if name not in after]
        for name in before:
            if name in after:
                lines += [f"changed  {kind.singular} {name}: {what}" for what in _changes(before[name], after[name])]
    return lines


def _changes(old: ObjectSpec, new: ObjectSpec) -> Iterator[str]:
    before, after = ({param.name: param for param in spec.params} for spec in (old, new))
    yield from (f"parameter {name} is new" for name in after if name not in before)
    yield from (f"parameter {name} is gone" for name in before if name not in after)
    for name in before:
        if name in after:
            yield from _parameter_changes(before[name], after[name])
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield "its parameters are in another order"
    for ports in _PORTS:
        if [port.model_dump(exclude={"help"}) for port in getattr(old, ports)] != [
            port.model_dump(exclude={"help"}) for port in getattr(new, ports)
        ]:
            yield f"other {ports}"
    if old.qualified_name != new.qualified_name:
        yield f"it is {new.qualified_name}, was {old.qualified_name}"
    if old.operation != new.operation:
        yield "another operation stands behind it"


def _parameter_changes(old: ParamSpec, new: ParamSpec) -> Iterator[str]:
    for field in _TOLD:
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield f"{field} of {old.name} is {_shown(after)}, was {_shown(before)}"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else repr(value)
