"""How a script reads an uploaded table for its model: which columns reach which input and output."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.codegen.data import Table
from app.codegen.literals import Place, call, listed, literal
from app.document.model import Task
from app.graph.demand import Demand, Form

T = TypeVar("T")


@dataclass(frozen=True)
class TableSource:
    """Pieces of the script.

    `inputs` and `outputs` are the source of what each of the model's receives or learns, over all rows; of one entry
    where all get the same. `aside` are the columns that no input takes without naming them. `needed` is the source of
    those that must hold a value in a row that counts. `forms` are those that some input takes.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    aside: list[str]
    needed: str
    takes_features: bool
    forms: frozenset[Form]


def table_source(table: Table, demand: Demand, tasks: Mapping[str, Task]) -> TableSource:
    """Return how `table` is read for a design that wants it as `demand` says; `tasks` are those of its outputs."""
    learned = {one.node: list(one.columns) or table.targets for one in demand.outputs}
    wanted = _flat(learned.values())
    aside = _flat([table.targets, wanted])
    takes_features = any(not one.columns for one in demand.inputs)
    by_name = takes_features and wanted == aside
    own = [] if table.missing != "drop" else _flat(one.columns for one in demand.inputs)
    needed = ["*TARGETS" if by_name else literal(name) for name in (wanted[:1] if by_name else wanted)]
    needed += [literal(name) for name in own if name not in wanted]
    needed += ["*names"] if takes_features and table.missing == "drop" else []
    inputs = _distinct((one.form, tuple(one.columns)) for one in demand.inputs)
    outputs = _distinct((tasks[one.node], tuple(learned[one.node])) for one in demand.outputs)
    return TableSource(
        inputs=tuple(_input(form, columns, alone=len(inputs) == 1) for form, columns in inputs),
        outputs=tuple(
            _output(task, columns, by_name and list(columns) == aside, alone=len(outputs) == 1)
            for task, columns in outputs
        ),
        aside=aside,
        needed="TARGETS" if needed == ["*TARGETS"] else listed(needed, Place(4, 9, 0)) if needed else "",
        takes_features=takes_features,
        forms=frozenset(one.form for one in demand.inputs),
    )


def _flat(names: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for each in names for name in each))


def _distinct(wishes: Iterable[T]) -> list[T]:
    """Return what each of several gets, or one entry where all get the same."""
    found = list(wishes)
    return found[:1] if len(set(found)) == 1 else found


def _input(form: Form, columns: tuple[str, ...], *, alone: bool) -> str:
    function = "features" if form == "numbers" else form
    return _called(function, literal(columns) if columns else "names", ["train"], alone=alone)


def _output(task: Task, columns: tuple[str, ...], by_name: bool, *, alone: bool) -> str:
    if task == "regression":
        return _called("numbers", "TARGETS" if by_name else literal(columns), [], alone=alone)
    return _called("classes", "TARGETS[0]" if by_name else literal(columns[0]), [], alone=alone)


def _called(function: str, columns: str, further: list[str], *, alone: bool) -> str:
    return call(function, ["columns", columns, *further], 4 if alone else 8, 4 if alone else 1)
