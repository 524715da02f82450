"""Dry calls: a layer is constructed by Keras and called on symbolic tensors, without its weights being allocated."""

import json
import math
import warnings
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import keras
from keras.src import backend
from keras.src.backend.common import global_state
from pydantic import JsonValue

from app.catalog.model import Catalog
from app.graph.model import GraphPlan, LayerInstance
from app.worker.analysis.explain import clean
from app.worker.building import own_code
from app.worker.building.build import Instance, Parts, call_layer
from app.worker.building.recurrent import check_states
from app.worker.building.resolve import build_layer

_INFERRING: Final = "Error encountered:"
_MAKES_STATE: Final = "attempting to create a variable while in a stateless scope"


class Spec(NamedTuple):
    """What is known of a tensor before there is one. The shape includes the batch axis; `mask` is its mask's shape."""

    shape: tuple[int | None, ...]
    dtype: str
    sparse: bool = False
    mask: tuple[int | None, ...] | None = None


Arguments = tuple[tuple[str, Spec | tuple[Spec, ...]], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a dry call gave: output specs and counts, or the error that Keras raised.

    `params` and `trainable_params` are those of the layer itself, and `weights` the shapes of all in it; `shared` has,
    for each layer of the design inside it, its id and its own counts. `inside` is the node of a nested model where the
    fault is.
    """

    outputs: tuple[Spec | None, ...] = ()
    params: int = 0
    trainable_params: int = 0
    shared: tuple[tuple[str, int, int], ...] = ()
    loses_mask: bool = False
    fault: str = ""
    inside: str = ""
    weights: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Subject:
    """The layer to call: what it is constructed from, and the layers and graphs of the design that are inside it.

    `around` are the ids of those layers, each after those that it needs.
    """

    instance: LayerInstance
    catalog: Catalog
    parts: Parts | None = None
    around: tuple[str, ...] = ()


_reusable: dict[Any, Any] = {}
"""Layers that keep nothing of their inputs, by class and parameters."""


def dry_call(
    subject: Subject, first: Arguments, arguments: Arguments, constants: Mapping[str, JsonValue], variant: Any = None
) -> Outcome:
    """Construct a layer and call it on symbolic tensors; no weight is allocated, and no error leaves.

    A layer is built for its `first` call; a later call of a shared layer must fit that. `variant` is whatever else
    tells two layers of equal parameters apart, such as `keras.config`.
    """
    try:
        with without_weights():
            return _dry_call(subject, first, arguments, constants, variant)
    except Exception as error:
        params = subject.instance.params
        if _MAKES_STATE in str(error) and (calmer := without_state(params)) != params:
            instance = subject.instance.model_copy(update={"params": calmer})
            calm = Subject(instance, subject.catalog, subject.parts, subject.around)
            return dry_call(calm, first, arguments, constants, variant)
        return Outcome(fault=_fault_of(error))


def _fault_of(error: Exception) -> str:
    """Return the message of an error; of one in own code what that says, and its line, without Keras' words around."""
    place, text = own_code.locate(error), str(error)
    if place is not None:
        text = f"{clean(text.rpartition(_INFERRING)[2].strip())} (in {place})"
    return f"{type(error).__name__}: {text}"[:20_000]


def _dry_call(
    subject: Subject, first: Arguments, arguments: Arguments, constants: Mapping[str, JsonValue], variant: Any
) -> Outcome:
    shared: tuple[tuple[str, int, int], ...] = ()
    counted: set[int] = set()
    scope = _scope(subject)
    layer = _constructed(subject, scope, variant)
    if subject.instance.class_name == "InputLayer":
        return Outcome(outputs=(spec_of(layer.output),))
    outputs = _call(subject, layer, first, constants)
    if arguments != first:
        outputs = _call(subject, layer, arguments, constants)
        _check_sharing(subject, layer, first, arguments, constants)
    check_states(layer, outputs, _states_in(arguments))
    if scope is not None:
        shared = tuple((key, *_own_counts(scope.layers[key], counted)) for key in subject.around)
    params, trainable = _own_counts(layer, counted)
    return Outcome(
        outputs=tuple(spec_of(output) for output in keras.tree.flatten(outputs)),
        params=params,
        trainable_params=trainable,
        shared=shared,
        loses_mask=_is_masked(arguments) and not getattr(layer, "supports_masking", True),
        weights=tuple(tuple(weight.shape) for weight in getattr(layer, "weights", ())),
    )


def _states_in(arguments: Arguments) -> list[tuple[int | None, ...]] | None:
    states = dict(arguments).get("initial_state")
    if states is None:
        return None
    return [states.shape] if isinstance(states, Spec) else [state.shape for state in states]


def _scope(subject: Subject) -> Instance | None:
    if subject.parts is None:
        return None
    outside = GraphPlan(inputs=(), calls=(), outputs=(), sequential=False, owns=subject.around)
    return Instance(subject.parts, outside, ChainMap())


def _own_counts(layer: Any, counted: set[int]) -> tuple[int, int]:
    """Return how many weights, and trainable ones, `layer` has that are not in `counted`; they are from now on."""
    weights = [weight for weight in getattr(layer, "weights", ()) if id(weight) not in counted]
    trainable = [weight for weight in getattr(layer, "trainable_weights", ()) if id(weight) not in counted]
    counted.update(id(weight) for weight in weights)
    return _count(weights), _count(trainable)


def _count(weights: list[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _constructed(subject: Subject, scope: Instance | None, variant: Any) -> Any:
    """Return a layer to call; one that keeps nothing of its inputs is constructed once and called again.

    Such a layer has neither variables nor a `build` of its own: to call it on other shapes is what Keras itself does
    with a shared layer.
    """
    class_name, params = subject.instance.class_name, subject.instance.params
    if scope is not None:
        return build_layer(class_name, params, "layer", subject.catalog, scope.inner)
    key = (class_name, json.dumps(params, sort_keys=True), variant)
    layer = _reusable.get(key)
    if layer is None:
        layer = build_layer(class_name, params, "layer", subject.catalog)
        keeps_nothing = getattr(type(layer), "build", None) is keras.Layer.build and not layer.variables
        if keeps_nothing and class_name != "InputLayer":
            _reusable[key] = layer
    return layer


def _check_sharing(
    subject: Subject, layer: Any, first: Arguments, arguments: Arguments, constants: Mapping[str, JsonValue]
) -> None:
    """Raise `ValueError` where a call needs weights of other shapes than the first call of the layer has made.

    Keras notices that of some layers only when numbers flow.
    """
    shapes = [tuple(weight.shape) for weight in getattr(layer, "weights", ())]
    if not shapes:
        return
    try:
        fresh = build_layer(
            subject.instance.class_name,
            subject.instance.params,
            "layer",
            subject.catalog,
            None if (scope := _scope(subject)) is None else scope.inner,
        )
        _call(subject, fresh, arguments, constants)
    except Exception:
        return
    if [tuple(weight.shape) for weight in fresh.weights] == shapes:
        return
    (_, one), (_, other) = first[0], arguments[0]
    if isinstance(one, Spec) and isinstance(other, Spec) and len(one.shape) == len(other.shape):
        for axis in range(-1, -len(one.shape), -1):
            if one.shape[axis] != other.shape[axis]:
                raise ValueError(
                    f'Input 0 of layer "layer" is incompatible with the layer: expected axis {axis} of input shape '
                    f"to have value {one.shape[axis]}, but received input with shape {other.shape}"
                )
    raise ValueError(f"The weights of this layer are made for an input of another shape, {one}.")


def without_state(value: Any) -> Any:
    """Return parameters with `stateful` off, also in inner layers.

    A stateful layer makes its states with values at once, which no stateless scope allows; its shapes and its
    weights, which states are not among, are the same without.
    """
    if isinstance(value, Mapping):
        return {key: without_state(item) for key, item in value.items() if key != "stateful"}
    return [without_state(item) for item in value] if isinstance(value, list) else value


@contextmanager
def without_weights() -> Iterator[None]:
    """Create variables without values, and forget that Keras meant to give them some."""
    waiting = list(global_state.get_global_attribute("uninitialized_variables", []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute("uninitialized_variables", waiting)


def _call(subject: Subject, layer: Any, arguments: Arguments, constants: Mapping[str, JsonValue]) -> Any:
    tensors = {
        name: _tensor(spec) if isinstance(spec, Spec) else [_tensor(one) for one in spec] for name, spec in arguments
    }

    def called() -> Any:
        return call_layer(subject.instance, layer, tensors, constants, subject.catalog)

    outputs = _quietly(called) if _is_masked(arguments) else called()
    given = {id(tensor) for tensor in keras.tree.flatten(tensors)}
    if any(id(output) in given for output in keras.tree.flatten(outputs)):
        raise ValueError("Keras returns the input tensor itself, and cannot put that into a model.")
    return outputs


def _quietly(action: Callable[[], Any]) -> Any:
    """Do without Keras' warning that a layer drops a mask: the outcome says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return action()


def _is_masked(arguments: Arguments) -> bool:
    return any(one.mask is not None for _, spec in arguments for one in ((spec,) if isinstance(spec, Spec) else spec))


def _tensor(spec: Spec) -> Any:
    tensor = keras.KerasTensor(spec.shape, spec.dtype, sparse=spec.sparse)
    if spec.mask is not None:
        backend.set_keras_mask(tensor, keras.KerasTensor(spec.mask, "bool"))
    return tensor


def spec_of(tensor: Any) -> Spec | None:
    """Return what is known of a symbolic tensor; None for anything else."""
    if not isinstance(tensor, keras.KerasTensor):
        return None
    mask = backend.get_keras_mask(tensor)
    return Spec(
        tuple(tensor.shape),
        str(tensor.dtype),
        bool(tensor.sparse),
        tuple(mask.shape) if isinstance(mask, keras.KerasTensor) else None,
    )


class _Probe(keras.Layer):
    """Notes the tensors on which a model calls what is inside it."""

    def __init__(self) -> None:
        super().__init__(name="inside")
        self.supports_masking = True
        self.seen: tuple[Spec | None, ...] = ()

    def call(self, *tensors: Any) -> Any:
        return tensors[0]

    def compute_output_spec(self, *tensors: Any) -> Any:
        self.seen = tuple(spec_of(tensor) for tensor in tensors)
        return keras.KerasTensor(tensors[0].shape, tensors[0].dtype)


def received_inside(declared: tuple[Spec, ...], given: tuple[Spec, ...]) -> Outcome:
    """Return what the layers of a nested model see, when it is called on tensors other than its Inputs say.

    The outputs are the tensors behind its Inputs. The rules, and the fault where they are broken, are Keras' own.
    """
    try:
        with without_weights():
            inputs = [
                keras.Input(batch_shape=spec.shape, dtype=spec.dtype, sparse=spec.sparse, name=f"input_{index}")
                for index, spec in enumerate(declared)
            ]
            probe = _Probe()
            model = keras.Model(_one_or_list(inputs), probe(*inputs), name="layer")
            probe.seen = ()
            model(_one_or_list([_tensor(spec._replace(mask=None)) for spec in given]))
            return Outcome(outputs=probe.seen or declared)
    except Exception as error:
        return Outcome(fault=f"{type(error).__name__}: {error}"[:20_000])


def _one_or_list(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def forget_layers() -> None:
    """Forget the layers that are called again."""
    _reusable.clear()
