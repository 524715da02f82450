"""What is wrong with layers: their class, their parameters, the layers that they refer to, their names."""

from collections.abc import Iterator, Mapping
from typing import Final

from app.catalog.model import ObjectSpec
from app.catalog.validate import MAX_DEPTH
from app.document.model import Layer
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.graph.nesting import Held, dependencies_first, read_held, with_references
from app.graph.survey import Survey

PLACEHOLDER: Final = "Placeholder"
"""The class of a layer that an import could not translate; its params keep what the file said."""


def layer_problems(found: Survey) -> Iterator[Problem]:
    """Yield what is wrong with each layer that the design uses, at the first node that does."""
    depths = _depths(found.held)
    layers = [*found.calls, *(layer for layer in found.specs if layer not in found.calls)]
    for layer_id in layers:
        layer = found.document.layers.get(layer_id)
        callers = found.callers_of(layer_id)
        if layer is None:
            yield from (_missing_layer(found, node) for node in callers)
        elif layer_id not in found.specs:
            yield from (_unknown_class(found, layer, node) for node in callers)
        elif callers:
            if layer_id in found.faults:
                yield from _param_problems(found, layer_id, callers)
            if layer_id in found.held:
                yield from _reference_problems(found, layer_id, callers[0])
            if layer_id in found.calls and depths.get(layer_id, 0) > MAX_DEPTH:
                yield _nested_too_deeply(layer, callers[0], depths[layer_id])


def _missing_layer(found: Survey, node: str) -> Problem:
    return Problem(
        code="missing_layer",
        node=node,
        message="This node calls a layer that is not there.",
        expected="the id of a layer",
        received=found.document.nodes[node].layer,
        hint="Remove the node.",
        fix=found.removal_of(node, "Remove this node"),
    )


def _unknown_class(found: Survey, layer: Layer, node: str) -> Problem:
    if layer.class_name == PLACEHOLDER:
        original = layer.params.get("class_name")
        return Problem(
            code="placeholder",
            node=node,
            message=f"{layer.name} stands for a layer that Layerloom could not import.",
            expected="a layer of the catalog",
            received=original if isinstance(original, str) else "unknown",
            hint="Put a layer of the catalog in its place, or remove it.",
        )
    return Problem(
        code="unknown_class",
        node=node,
        message=f"{layer.name} is of a class that the catalog does not have.",
        expected="a layer of the catalog",
        received=layer.class_name,
        hint="Replace it; the palette lists every layer.",
        fix=found.removal_of(node),
    )


def _param_problems(found: Survey, layer_id: str, callers: list[str]) -> Iterator[Problem]:
    layer, spec, node = found.document.layers[layer_id], found.specs[layer_id], callers[0]
    known = {param.name: param for param in spec.params}
    for fault in found.faults[layer_id]:
        fix: Fix | None = None
        param = known.get(fault.param)
        if fault.code == "missing_param" and fault.param in spec.sample:
            fix = fixes.set_param(found.document, node, fault.param, spec.sample[fault.param])
        elif param is None and fault.param in layer.params:
            title = f"Remove {fault.param}"
            fix = fixes.unset_param(found.document, layer_id, fault.param, title)
        elif param is not None and not param.required and fault.param in layer.params:
            title = f"Reset {fault.param} of {layer.name}"
            fix = fixes.unset_param(found.document, layer_id, fault.param, title)
        elif param is not None and fault.param in spec.sample:
            fix = fixes.set_param(found.document, node, fault.param, spec.sample[fault.param])
        yield Problem(
            code=fault.code,
            node=node,
            param=fault.param,
            message=f"{layer.name}: {fault.message}",
            expected=fault.expected,
            received=fault.received,
            hint=fault.hint,
            fix=fix,
        )
    found.faulty.update(callers)


def _reference_problems(found: Survey, layer_id: str, node: str) -> Iterator[Problem]:
    layer = found.document.layers[layer_id]
    for reference in found.held[layer_id].layers:
        param = _param_naming(found, layer_id, reference)
        other = found.document.layers.get(reference)
        if other is None:
            yield Problem(
                code="unknown_layer",
                node=node,
                param=param,
                message=f"{layer.name} refers to a layer that is not there.",
                expected="the id of a layer of this design",
                received=reference,
                hint="Choose another layer, or enter one in its place.",
                fix=_reset(found, node, layer_id, param),
            )
        elif layer_id in with_references([reference], found.held):
            yield Problem(
                code="recursive_layer",
                node=node,
                param=param,
                message=f"{layer.name} holds itself.",
                expected="another layer",
                received=other.name,
                hint="Choose another layer.",
                fix=_reset(found, node, layer_id, param),
            )
        elif not _can_be_inside(found.specs.get(reference)):
            yield Problem(
                code="unknown_layer",
                node=node,
                param=param,
                message=f"{layer.name} cannot hold {other.name}.",
                expected="a layer of the catalog with an input and an output",
                received=other.class_name,
                hint="Choose another layer.",
                fix=_reset(found, node, layer_id, param),
            )
        elif reference in found.faults and reference in found.calls:
            yield Problem(
                code="blocked",
                severity="info",
                node=node,
                upstream=found.calls[reference][0],
                message=f"{layer.name} waits for {other.name} to be mended.",
            )
            found.faulty.update(found.callers_of(layer_id))


def _depths(held: Mapping[str, Held]) -> dict[str, int]:
    """Return how deep layers hold one another by reference; those on a circle, or above one, are left out."""
    needs = {layer: {other for other in found.layers if other in held} for layer, found in held.items()}
    depths: dict[str, int] = {}
    for layer in dependencies_first(needs):
        depths[layer] = 1 + max((depths[other] for other in needs[layer]), default=0)
    return depths


def _nested_too_deeply(layer: Layer, node: str, depth: int) -> Problem:
    return Problem(
        code="out_of_range",
        node=node,
        message=f"{layer.name} holds layers that hold others, too deeply.",
        expected=f"at most {MAX_DEPTH} levels",
        received=f"{depth} levels",
        hint="Take some of the wrapping layers away.",
    )


def _can_be_inside(spec: ObjectSpec | None) -> bool:
    return spec is not None and spec.marker not in {"input", "output"} and not spec.name.startswith("ops.")


def _param_naming(found: Survey, layer_id: str, reference: str) -> str:
    """Return the parameter of a layer that holds a reference, at whatever depth."""
    spec, params = found.specs[layer_id], found.document.layers[layer_id].params
    return next(
        name for name, value in params.items() if reference in read_held(spec, {name: value}, found.catalog).layers
    )


def _reset(found: Survey, node: str, layer_id: str, param: str) -> Fix | None:
    spec, layer = found.specs[layer_id], found.document.layers[layer_id]
    known = {each.name: each for each in spec.params}
    if known[param].required and param in spec.sample:
        return fixes.set_param(found.document, node, param, spec.sample[param])
    return (
        None
        if known[param].required
        else fixes.unset_param(found.document, layer_id, param, f"Reset {param} of {layer.name}")
    )


def name_problems(found: Survey) -> Iterator[Problem]:
    """Yield names that two layers of one graph have, and those that Keras does not take."""
    first: dict[tuple[str, bool, str], str] = {}
    taken = {layer.name for layer in found.document.layers.values()}
    for layer_id, nodes in found.calls.items():
        layer = found.document.layers.get(layer_id)
        if layer is None or all(map(found.is_lone, nodes)):
            continue
        is_output = found.marker_of(nodes[0]) == "output"
        callers = {(found.graph_of(node), is_output, layer.name): node for node in reversed(nodes)}
        twice = next(filter(first.__contains__, callers), None)
        if twice is not None:
            yield Problem(
                code="duplicate_name",
                node=callers[twice],
                param="name",
                upstream=first[twice],
                message=f"Two layers are called {layer.name}.",
                expected="a name of its own for every layer",
                received=layer.name,
                hint="Rename one of them.",
                fix=fixes.rename(layer_id, layer.name[:180], taken),
            )
        elif "/" in layer.name:
            yield Problem(
                code="invalid_name",
                node=nodes[0],
                param="name",
                message=f"Keras does not take the name {layer.name}.",
                expected="a name without /",
                received=layer.name,
                hint="Rename the layer.",
                fix=fixes.rename(layer_id, layer.name.replace("/", "_"), taken),
            )
        for key, node in callers.items():
            first.setdefault(key, node)
