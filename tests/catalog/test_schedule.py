"""A line of a schedule means what Python would make of it, and nothing off the list is taken."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.schedule import BadSchedule, read_schedule

LINES = [
    "lr",
    "0.01",
    "lr * 0.9 ** epoch",
    "lr if epoch < 10 else lr * exp(-0.1)",
    "0.5 * lr * (1 + cos(pi * epoch / 10))",
    "max(1e-4, min(lr, 1 / (1 + epoch)), 0)",
    "lr * (epoch // 3 % 2 == 0 and 1 or 0.5)",
    "floor(epoch / 2) * 0.1 + sqrt(abs(-lr)) + log(epoch + 1)",
    "lr if not epoch else lr / 2",
]
MATH = {name: getattr(math, name) for name in ("exp", "cos", "pi", "floor", "sqrt", "log")}


@pytest.mark.parametrize("line", LINES)
@given(epoch=st.integers(0, 1_000), lr=st.floats(0, 10))
def test_a_line_means_what_python_makes_of_it(line: str, epoch: int, lr: float) -> None:
    schedule = read_schedule(line)
    written = eval(schedule.source, {"math": math}, {"epoch": epoch, "lr": lr})
    meant = eval(line, MATH, {"epoch": epoch, "lr": lr})
    assert schedule(epoch, lr) == pytest.approx(written) == pytest.approx(float(meant))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "lr +",
        "__import__('os')",
        "lr.real",
        "(lambda: 1)()",
        "[lr][0]",
        "f'{lr}'",
        "lr; lr",
        "lr\nlr",
        "rate",
        "exp(lr, 2)",
        "exp(x=lr)",
        "max(*[lr])",
        "1j",
        "'a' * 9",
        "lr := 2",
        "-" * 400 + "lr",
        "(" * 300 + "lr" + ")" * 300,
        "lr + " * 200 + "lr",
        "\0",
    ],
)
def test_what_is_not_on_the_list_is_refused(line: str) -> None:
    with pytest.raises(BadSchedule, match="cannot be read"):
        read_schedule(line)


@pytest.mark.parametrize(
    "line",
    [
        *("1 / epoch", "9 ** 9 ** 9 ** 9", "0 - 1", "(0 - 8) ** 0.5", "log(epoch)", "exp(1000)"),
        *("1 if (0 - lr) ** 0.5 > 0 else 2", "max((0 - lr) ** 0.5, 1)", "(0 - lr) ** 0.5 // 2"),
    ],
)
def test_what_is_no_rate_is_told(line: str) -> None:
    with pytest.raises(BadSchedule, match="no learning rate for epoch 1"):
        read_schedule(line)(0, 0.1)
