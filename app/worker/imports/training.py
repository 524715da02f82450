"""What `compile` was given, as a model file keeps it, in the words of a design."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from app.catalog.model import Catalog, Kind
from app.codegen.names import snake_case
from app.document.model import AUTO_LOSS, CompileOptions, Configured, Loss, Metric, Training
from app.worker.imports.graphs import End
from app.worker.imports.params import ParamReader, rounded

_ACCURACY: Final = ("accuracy", "acc", "crossentropy", "ce")
"""Metrics by a name that means another one for each kind of output."""

_GONE: Final = {"lr": "learning_rate"}
_OPTIONS: Final = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")


def read_training(config: Any, outputs: list[End], catalog: Catalog) -> tuple[Training, list[str]]:
    """Return the training of a `compile_config`, and what of it could not be taken over, in words."""
    if not isinstance(config, Mapping):
        return Training(), []
    reader = _Reader(catalog, outputs)
    fields: dict[str, Any] = {
        "optimizer": reader.optimizer(config.get("optimizer") or config.get("optimizer_config")),
        "losses": reader.losses(config.get("loss"), config.get("loss_weights")),
        "metrics": reader.metrics(config.get("metrics"), config.get("weighted_metrics")),
        "compile": reader.options(config),
    }
    try:
        return Training(**fields), reader.notes
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        return Training(), [*reader.notes, f"What compile was given does not fit a design at {place}: {first['msg']}"]


class _Reader:
    def __init__(self, catalog: Catalog, outputs: list[End]) -> None:
        self._catalog = catalog
        self._params = ParamReader(catalog)
        self._outputs = outputs
        self.notes: list[str] = []

    def optimizer(self, value: Any) -> Configured | None:
        """Return the optimizer of a `compile_config`, fields of older versions renamed or noted."""
        if isinstance(value, Mapping) and isinstance(inner := value.get("config"), Mapping):
            config = {_GONE.get(str(key), str(key)): item for key, item in inner.items()}
            for old in ("decay", "is_legacy_optimizer", "jit_compile"):
                if config.pop(old, None) and old == "decay":
                    self.notes.append("The optimizer's decay was left out; a learning rate schedule does the same.")
            rate = config.get("learning_rate")
            if isinstance(rate, float):
                config["learning_rate"] = rounded(rate)
            value = {**value, "class_name": str(value.get("class_name")).rpartition(">")[2], "config": config}
        return self._object(Kind.OPTIMIZER, value, "optimizer")

    def losses(self, value: Any, weights: Any) -> dict[str, Loss]:
        """Return the loss and its weight by Output node."""
        found: dict[str, Loss] = {}
        for end, loss, weight in zip(self._outputs, self._spread(value), self._spread(weights), strict=True):
            chosen = self._object(Kind.LOSS, loss, f"loss of {end.name}")
            factor = float(weight) if isinstance(weight, int | float) and not isinstance(weight, bool) else 1.0
            if chosen is not None or factor != 1.0:
                name, config = (chosen.class_name, chosen.config) if chosen else (AUTO_LOSS, {})
                found[end.node] = Loss(class_name=name, config=config, weight=factor)
        return found

    def metrics(self, plain: Any, weighted: Any) -> dict[str, dict[str, Metric]]:
        """Return the metrics by Output node, those that take weights among them."""
        found: dict[str, dict[str, Metric]] = {}
        for is_weighted, value in ((False, plain), (True, weighted)):
            for end, chosen in zip(self._outputs, self._spread(value, many=True), strict=True):
                for item in chosen if isinstance(chosen, list) else [chosen]:
                    metric = self._metric(item, end)
                    if metric is not None:
                        held = found.setdefault(end.node, {})
                        held[f"metric_{len(held) + 1}"] = Metric(
                            class_name=metric.class_name,
                            config=metric.config,
                            weighted=is_weighted,
                            position=float(len(held)),
                        )
        return found

    def options(self, config: Mapping[str, Any]) -> CompileOptions:
        """Return the further arguments of `compile`."""
        given = {name: config[name] for name in _OPTIONS if config.get(name) is not None}
        if given.get("jit_compile") not in (True, "auto"):
            given.pop("jit_compile", None)  # a compiled model tells what "auto" came to; false is what it is here
        try:
            return CompileOptions(**given)
        except ValidationError:
            self.notes.append("The options of compile were left out: they do not fit.")
            return CompileOptions()

    def _metric(self, value: Any, end: End) -> Configured | None:
        if isinstance(value, str) and value in _ACCURACY[:2]:
            return Configured(class_name="accuracy")
        if isinstance(value, Mapping) and value.get("class_name") == "MeanMetricWrapper":
            inner = value.get("config")
            value = inner.get("fn") if isinstance(inner, Mapping) else None
        return self._object(Kind.METRIC, value, f"metric of {end.name}")

    def _object(self, kind: Kind, value: Any, what: str) -> Configured | None:
        if value is None:
            return None
        notes: list[str] = []
        name = value if isinstance(value, str) else value.get("class_name") if isinstance(value, Mapping) else None
        if name == "function" and isinstance(value, Mapping):
            name = value.get("config")
        spec = self._catalog.find(kind, name) if isinstance(name, str) else None
        if spec is None:
            self.notes.append(f"The {what}, {str(name)[:100]}, is not in the catalog and was left out.")
            return None
        config = value.get("config") if isinstance(value, Mapping) else None
        params: dict[str, JsonValue] = {}
        if isinstance(config, Mapping):
            params = self._params.params(spec, {**config}, notes, floats=True)
            label = config.get("name")
            if "name" in params and label in (spec.name, *spec.identifiers, snake_case(spec.name)):
                del params["name"]
        if kind is Kind.OPTIMIZER:
            params.pop("name", None)
        self.notes += [f"The {what}: {note}." for note in notes if "fn " not in note]
        return Configured(class_name=spec.name, config=params)

    def _spread(self, value: Any, *, many: bool = False) -> list[Any]:
        """Return what `compile` was given for each output: one value stands for all, an object names them."""
        count = len(self._outputs)
        if isinstance(value, dict) and "class_name" not in value:
            return [value.get(end.key) if end.key else value.get(end.name) for end in self._outputs]
        if not isinstance(value, list):
            return [value] * count
        if many and count == 1 and not (len(value) == 1 and isinstance(value[0], list)):
            return [value]
        if len(value) == count and (not many or all(isinstance(item, list) for item in value)):
            return list(value)
        return [value] * count if many else [*value, *[None] * count][:count]
