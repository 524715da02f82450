"""The catalog as pages of Markdown: every object with its parameters and ports, always in the same words."""

from collections.abc import Iterable, Iterator

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamSpec, PortSpec
from app.catalog.values import expected_of

_MARKERS = {
    "": "",
    "input": "Marks an input of the model.",
    "output": "Marks an output of the model.",
    "model": "Stands for a nested model.",
}


def render_reference(catalog: Catalog) -> dict[str, str]:
    """Return the pages by file name: one for each kind, layers and operations by category, and `index.md`."""
    pages, contents = {}, []
    for kind in Kind:
        specs = catalog.objects.get(kind, {}).values()
        for category in sorted({spec.category for spec in specs}):
            found = [spec for spec in specs if spec.category == category]
            title = f"{kind.value.capitalize()}: {category.replace('_', ' ')}" if category else kind.value.capitalize()
            name = f"{kind.value}-{category.replace('_', '-')}.md" if category else f"{kind.value}.md"
            pages[name] = _page(title, catalog.version, found)
            contents.append(f"| [{title}]({name}) | {len(found)} |")
    pages["index.md"] = _lines(
        "# Catalog reference",
        "",
        f"Everything that a design can name, derived from Keras {catalog.version}. Written by `make docs`.",
        "",
        "| page | entries |",
        "|---|---:|",
        *contents,
    )
    return pages


def _page(title: str, version: str, specs: list[ObjectSpec]) -> str:
    body = [line for spec in specs for line in _entry(spec)]
    return _lines(f"# {title}", "", f"Keras {version}. [All pages](index.md)", *body)


def _entry(spec: ObjectSpec) -> Iterator[str]:
    yield from ("", f"## {spec.name}", "")
    if spec.summary:
        yield from (_text(spec.summary), "")
    facts = [f"`{spec.qualified_name}`" if spec.qualified_name else _MARKERS[spec.marker]]
    if spec.own:
        facts.append("A layer of Layerloom's own; exported Python carries its source.")
    if spec.operation is not None:
        facts.append(f"Class `{spec.operation.class_name}`.")
    if spec.identifiers:
        facts.append("Also " + ", ".join(f"`{name}`" for name in spec.identifiers) + ".")
    yield " ".join(facts)
    if spec.help:
        yield from ("", *(_text(paragraph) for paragraph in spec.help.split("\n\n")))
    if spec.params:
        yield from ("", "| parameter | takes | default | |", "|---|---|---|---|", *map(_row, spec.params))
    if spec.inputs:
        yield from ("", f"Inputs: {_ports(spec.inputs)}.")
    if spec.outputs:
        yield from ("", f"Outputs: {_ports(spec.outputs)}.")


def _row(param: ParamSpec) -> str:
    default = "required" if param.required else f"`{param.default!r}`"
    return f"| `{param.name}` | {_cell(expected_of(param))} | {_cell(default)} | {_cell(param.help)} |"


def _ports(ports: Iterable[PortSpec]) -> str:
    return ", ".join(
        f"`{port.name}`"
        + (" (any number)" if port.variadic else "")
        + (" (optional)" if port.optional else "")
        + (f" (with {', '.join(map(_condition, port.when.items()))})" if port.when else "")
        for port in ports
    )


def _condition(item: tuple[str, object]) -> str:
    name, value = item
    values = value if isinstance(value, list) else [value]
    return f"`{name}` " + " or ".join(f"`{each!r}`" for each in values)


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """Return `text` on one line, with what Markdown would read as HTML escaped."""
    return " ".join(text.replace("<", "&lt;").split())


def _lines(*lines: str) -> str:
    return "\n".join(lines).rstrip() + "\n"
