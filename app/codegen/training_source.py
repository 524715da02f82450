"""The arguments of `compile` and `fit` as source; what the design leaves open is chosen as training chooses it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from app.catalog.model import Catalog, Kind
from app.catalog.schedule import read_schedule
from app.catalog.values import is_file_name
from app.codegen.data import Data, Target
from app.codegen.literals import Literals, Place, call, listed, literal
from app.document.model import AUTO_LOSS, Callback, CompileOptions, KerasConfig, Loss, Metric, Task, Training
from app.graph.demand import is_labelled
from app.graph.labels import LabelForm, label_form
from app.graph.last_layers import PROBABILITIES, TRANSPARENT
from app.graph.model import Plan, PlannedOutput

_REGRESSIONS: Final = frozenset({"diabetes", "boston_housing", "california_housing"})
_CLASSES: Final = {
    "iris": ["setosa", "versicolor", "virginica"],
    "wine": ["class_0", "class_1", "class_2"],
    "breast_cancer": ["malignant", "benign"],
    "imdb": ["negative", "positive"],
}


@dataclass
class Fit:
    """Pieces of the script: lists of arguments, each argument the source of one.

    `settings` are the statements that set `keras.config` before anything is built; `tasks` are those of the outputs
    that learn labels, by node, and `labels` say in which form those reach them: `np.eye(3)[{}]` around the source,
    and `numbered` is what makes whole numbers of the first of them again.
    """

    compile: list[str]
    settings: list[str] = field(default_factory=list)
    callbacks: list[str] = field(default_factory=list)
    class_weight: str = ""
    balanced: bool = False
    tasks: dict[str, Task] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    numbered: str = ""


def render_fit(
    plan: Plan,
    training: Training,
    catalog: Catalog,
    data: Data | None,
    targets: Mapping[str, Target],
    literals: Literals | None = None,
) -> Fit:
    """Return what `compile` and `fit` receive; `literals` renders the objects, where it knows more than `catalog`.

    `targets` are what the data holds for the outputs to learn, by node, as far as that is known.
    """
    writer = _Writer(plan, training, catalog, data, targets, literals or Literals(catalog))
    fit = Fit(writer.compile(), settings_of(training.config), writer.callbacks())
    fit.tasks = {each.node: writer.task_of(each) for each in plan.outputs if is_labelled(training, each.node)}
    fit.labels = {node: writer.labels_of(each) for each in plan.outputs if (node := each.node) in fit.tasks}
    weights = training.fit.class_weight
    if weights == "balanced":
        fit.balanced = True
        numbered = {"one_hot": ".argmax(axis=1)", "column": "[:, 0]", "numbers": ""}
        fit.numbered = numbered[writer.form_of(plan.outputs[0])]
    elif weights != "none":
        first = next((targets[output.node] for output in plan.outputs if output.node in targets), None)
        classes = first.classes if first is not None else _CLASSES.get(data.name if data else "", [])
        labels = {name: index for index, name in enumerate(classes)}
        pairs = [(labels.get(name, _number(name)), weight) for name, weight in weights.items()]
        known = {label: weight for label, weight in sorted(pairs) if label >= 0}
        fit.class_weight = literal(known) if known else ""
    return fit


def _number(label: str) -> int:
    """Return the class that a label numbers, or -1."""
    return int(label) if label.isdecimal() and len(label) < 10 else -1


def settings_of(config: KerasConfig) -> list[str]:
    """Return the statements that set `keras.config` as training does, without Keras' own defaults."""
    defaults = KerasConfig()
    found = []
    for name in ("floatx", "epsilon", "image_data_format"):
        value = getattr(config, name)
        if value != getattr(defaults, name):
            found.append(f"keras.config.set_{name}({literal(value)})")
    policy = config.floatx if config.dtype_policy == defaults.dtype_policy else config.dtype_policy
    if policy != defaults.dtype_policy:
        found.append(f"keras.config.set_dtype_policy({literal(policy)})")
    return found


class _Writer:
    def __init__(
        self,
        plan: Plan,
        training: Training,
        catalog: Catalog,
        data: Data | None,
        targets: Mapping[str, Target],
        literals: Literals,
    ) -> None:
        self._plan, self._training, self._catalog = plan, training, catalog
        self._data, self._targets = data, targets
        self._literals = literals

    def compile(self) -> list[str]:
        found = [f"optimizer={self._optimizer()}", self._argument("loss", self._loss)]
        weights = [self._weight(output) for output in self._plan.outputs]
        if any(weight != 1.0 for weight in weights):
            found.append(f"loss_weights={literal(weights if len(weights) > 1 else weights[0])}")
        found.append(self._argument("metrics", self._plain_metrics))
        if any(metric.weighted for chosen in self._training.metrics.values() for metric in chosen.values()):
            found.append(self._argument("weighted_metrics", self._weighted_metrics))
        own = CompileOptions().model_dump()
        options = self._training.compile.model_dump()
        return found + [f"{name}={literal(value)}" for name, value in options.items() if value != own[name]]

    def _argument(self, name: str, render: Callable[[PlannedOutput, int, int], str]) -> str:
        """Return `name=` what `render` says of the output, or a list of that over several."""
        margin = len(name) + 2
        if len(self._plan.outputs) == 1:
            return f"{name}={render(self._plan.outputs[0], 8, margin)}"
        return f"{name}={listed([render(output, 12, 1) for output in self._plan.outputs], Place(8, margin, 0))}"

    def task_of(self, output: PlannedOutput) -> Task:
        """Return what an output learns; where nothing tells, its loss or the end of the model does."""
        if not is_labelled(self._training, output.node):
            return "regression"
        if output.node in self._targets:
            return self._targets[output.node].kind
        told = self._told_task(output.node)
        if told is not None:
            return told
        chosen = self._chosen_loss(output)
        if chosen is not None:
            return "classification" if "entropy" in chosen.class_name.lower() else "regression"
        _, activation = self._end(output.source.node)
        return "classification" if activation in PROBABILITIES else "regression"

    def labels_of(self, output: PlannedOutput) -> str:
        """Return the form of the labels that an output learns, with `{}` for their source."""
        match self.form_of(output):
            case "one_hot":
                return f"np.eye({self._end(output.source.node)[0]})[{{}}]"
            case "column":
                return "{}[:, np.newaxis]"
            case "numbers":
                return "{}"

    def form_of(self, output: PlannedOutput) -> LabelForm:
        """Return the form in which labels reach an output; as they are, where nobody knows how many units it has."""
        units, _ = self._end(output.source.node)
        if units is None or self.task_of(output) == "regression":
            return "numbers"
        return label_form(self._training, output.node, units)

    def _told_task(self, node: str) -> Task | None:
        """Return what the design, or the data set, says that an output learns."""
        if node in self._training.tasks:
            return self._training.tasks[node]
        if self._data is None or node in self._training.columns:
            return None
        if self._data.options is not None:
            return None if self._data.options.task == "auto" else self._data.options.task
        return "regression" if self._data.name in _REGRESSIONS else "classification"

    def callbacks(self) -> list[str]:
        ordered = sorted(self._training.callbacks.items(), key=lambda item: (item[1].position, item[0]))
        return [self._callback(callback) for _, callback in ordered]

    def _callback(self, callback: Callback) -> str:
        config: dict[str, Any] = dict(callback.config)
        match callback.class_name:
            case "ModelCheckpoint":
                ending = ".weights.h5" if config.get("save_weights_only") else ".keras"
                config["filepath"] = _file(config.get("filepath"), "best", ending)
            case "CSVLogger":
                config["filename"] = _file(config.get("filename"), "log", ".csv")
            case "TensorBoard" if "log_dir" in config:
                config["log_dir"] = _file(config["log_dir"], "logs", "")
            case "BackupAndRestore":
                config["backup_dir"] = _file(config.get("backup_dir"), "backup", "")
            case "LearningRateScheduler":
                return self._scheduler(config)
        return self._literals.object(Kind.CALLBACK, {"class_name": callback.class_name, "config": config}, 12, margin=1)

    def _scheduler(self, config: dict[str, Any]) -> str:
        spec = self._catalog.find(Kind.CALLBACK, "LearningRateScheduler")
        assert spec is not None
        line = read_schedule(str(config.pop("schedule", ""))).source
        others = self._literals.arguments(spec, config, 12)
        return call(self._literals.reference(spec), [f"lambda epoch, lr: {line}", *others], 12, margin=1)

    def _optimizer(self) -> str:
        chosen = self._training.optimizer
        return self._literals.object(Kind.OPTIMIZER, chosen.model_dump() if chosen else "Adam", 8, margin=11)

    def _weight(self, output: PlannedOutput) -> float:
        loss = self._training.losses.get(output.node)
        return 1.0 if loss is None else loss.weight

    def _loss(self, output: PlannedOutput, indent: int, margin: int) -> str:
        chosen = self._chosen_loss(output)
        value = self._default_loss(output) if chosen is None else chosen.model_dump(include={"class_name", "config"})
        return self._literals.object(Kind.LOSS, value, indent, margin=margin)

    def _chosen_loss(self, output: PlannedOutput) -> Loss | None:
        chosen = self._training.losses.get(output.node)
        return None if chosen is None or chosen.class_name == AUTO_LOSS else chosen

    def _plain_metrics(self, output: PlannedOutput, indent: int, margin: int) -> str:
        if not self._training.metrics.get(output.node):
            default = self._literals.object(Kind.METRIC, self._default_metric(output), indent + 4, margin=1)
            return listed([default], Place(indent, margin, 0))
        return self._chosen_metrics(output, indent, margin, weighted=False)

    def _weighted_metrics(self, output: PlannedOutput, indent: int, margin: int) -> str:
        return self._chosen_metrics(output, indent, margin, weighted=True)

    def _chosen_metrics(self, output: PlannedOutput, indent: int, margin: int, *, weighted: bool) -> str:
        chosen = self._training.metrics.get(output.node, {})
        ordered = sorted(chosen.items(), key=lambda item: (item[1].position, item[0]))
        sources = [self._metric(metric, output, indent + 4) for _, metric in ordered if metric.weighted is weighted]
        return listed(sources, Place(indent, margin, 0))

    def _metric(self, metric: Metric, output: PlannedOutput, indent: int) -> str:
        accuracy = metric.class_name in ("accuracy", "acc")
        value = self._default_metric(output) if accuracy else metric.model_dump(include={"class_name", "config"})
        return self._literals.object(Kind.METRIC, value, indent, margin=1)

    def _default_loss(self, output: PlannedOutput) -> dict[str, Any]:
        units, activation = self._end(output.source.node)
        if self.task_of(output) == "regression":
            return {"class_name": "MeanSquaredError"}
        name = "CategoricalCrossentropy" if self.form_of(output) == "one_hot" else "SparseCategoricalCrossentropy"
        name = "BinaryCrossentropy" if units == 1 else name
        return {"class_name": name, "config": {} if activation in PROBABILITIES else {"from_logits": True}}

    def _default_metric(self, output: PlannedOutput) -> dict[str, Any]:
        units, activation = self._end(output.source.node)
        if self.task_of(output) == "regression":
            return {"class_name": "MeanAbsoluteError", "config": {}}
        if units == 1:
            threshold = 0.5 if activation in PROBABILITIES else 0.0
            return {"class_name": "BinaryAccuracy", "config": {"name": "accuracy", "threshold": threshold}}
        name = "CategoricalAccuracy" if self.form_of(output) == "one_hot" else "SparseCategoricalAccuracy"
        return {"class_name": name, "config": {"name": "accuracy"}}

    def _end(self, node: str) -> tuple[int | None, str]:
        """Return units and activation at the end of the model, as far as the plan tells."""
        steps = {step.node: step for step in self._plan.calls}
        units: int | None = None
        activation = ""
        while node in steps:
            step = steps[node]
            layer = self._plan.layers[step.layer]
            if not activation:
                chosen = "softmax" if layer.class_name == "Softmax" else layer.params.get("activation", "")
                activation = chosen if isinstance(chosen, str) else ""
            found = layer.params.get("units")
            if isinstance(found, int):
                return found, activation
            if layer.class_name not in TRANSPARENT | {"Activation", "Softmax"}:
                break
            source = next(iter(step.arguments.values()))
            node = source[0].node if isinstance(source, tuple) else source.node
        return units, activation


def _file(wanted: Any, stem: str, ending: str) -> str:
    """Return the name of a file beside the script, whatever folder `wanted` names."""
    name = PurePosixPath(str(wanted or "").replace("\\", "/")).name
    name = name if is_file_name(name) else stem
    if ending and not name.endswith(ending):
        name = name.removesuffix(".keras").removesuffix(".h5").removesuffix(".csv") + ending
    return name
