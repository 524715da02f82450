"""One line over the inputs: what it computes, and all that it refuses."""

import contextlib
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.layers.expression import FUNCTIONS, Expression, ExpressionError, input_number, parse_expression

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], "float32")
Y = np.array([[2.0, 2.0, 2.0], [1.0, 1.0, 1.0]], "float32")


@pytest.mark.parametrize(
    ("text", "inputs", "expected"),
    [
        ("x", [X], X),
        ("ops.tanh(x) * 0.5", [X], np.tanh(X) * 0.5),
        ("keras.ops.mean(x, axis=-1)", [X], X.mean(-1)),
        ("x1 - x2 ** 2 / 4", [X, Y], X - Y**2 / 4),
        ("-x[:, 0] + 2 * pi", [X], -X[:, 0] + 2 * np.pi),
        ("x[..., None]", [X], X[..., None]),
        ("x[:, ::-1]", [X], X[:, ::-1]),
        ("where(x > 0, x, 0.1 * x)", [X], np.where(X > 0, X, 0.1 * X)),
        ("split(x, [1], axis=-1)[1]", [X], X[:, 1:]),
        ("einsum('bi,bi->b', x1, x2)", [X, Y], (X * Y).sum(-1)),
        ("concatenate([x1, x2, x1 * x2], axis=-1)", [X, Y], np.concatenate([X, Y, X * Y], -1)),
        ("cast(x != 0, 'float32')", [X], (X != 0).astype("float32")),
        ("x @ transpose(x)", [X], X @ X.T),
        ("reshape(x, (-1, 3, 1))", [X], X.reshape(-1, 3, 1)),
    ],
)
def test_values(text: str, inputs: list[Any], expected: Any) -> None:
    given_inputs = inputs if len(inputs) > 1 else inputs[0]
    result = keras.ops.convert_to_numpy(Expression(text)(given_inputs))
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    symbolic = [keras.KerasTensor(value.shape) for value in inputs]
    assert Expression(text)(symbolic if len(symbolic) > 1 else symbolic[0]).shape == np.shape(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("x +", "Column"),
        ("x; x", "no expression"),
        ("y + 1", "there is no 'y'"),
        ("x0", "there is no 'x0'"),
        ("__import__('os')", "no function"),
        ("ops.__class__(x)", "no function"),
        ("ops.vectorize(x)(x)", "no function"),
        ("x.numpy()", "no function"),
        ("x.shape", "Attribute is not allowed"),
        ("[y for y in x]", "ListComp is not allowed"),
        ("lambda: x", "Lambda is not allowed"),
        ("x if x else x", "IfExp is not allowed"),
        ("(y := x)", "NamedExpr is not allowed"),
        ("f'{x}'", "JoinedStr is not allowed"),
        ("0 < x < 1", "two things at a time"),
        ("x[[0]]", "an index is made of"),
        ("tile(x, **x)", "unpacked"),
        ("tile(x, *x)", "Starred is not allowed"),
        ("9 ** 9 ** 9", "power is too large"),
        ("10 ** 20", "at most"),
        ("1e300 * x", "at most"),
        ("(1 - 1e12) * 5", "at most"),
        ("1 / 0", "division by zero"),
        ("0 ** -1", "Column"),
        ("(-8) ** 0.5", "Column"),
        ("x + 'a' * 3 * 10 ** 13", "at most"),
        ("-" * 200 + "x", "too many parts|nested"),
        ("(" * 220 + "x" + ")" * 220, "no expression|nested|Column"),
        ("+".join(["x"] * 240), "too many parts"),
        ("x + " + "1" * 500, "characters"),
    ],
)
def test_refusals(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        Expression(text)


def test_an_input_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="there is no input x2; there are 1"):
        Expression("x1 + x2")(keras.KerasTensor((2, 3)))


@pytest.mark.parametrize(
    "text",
    ["'a' * 1000000000000", "(x,) * 1000000000", "[x] * 1000000000", "split(x, 3, axis=-1) * 1000000000", "-None"],
)
def test_operators_take_numbers_and_tensors(text: str) -> None:
    with pytest.raises(ValueError, match="operators take numbers and tensors"):
        Expression(text)(keras.KerasTensor((2, 3)))


def test_several_tensors_are_no_result() -> None:
    with pytest.raises(ValueError, match="take one of them"):
        Expression("split(x, 3, axis=-1)")(keras.KerasTensor((2, 3)))


def test_what_keras_takes_for_sparse_is_computed_too() -> None:
    """Keras declares the product of a tensor and a number sparse; operators of Python know no such tensors."""
    x = keras.Input((3,))
    model = keras.Model(x, Expression("2 * tanh(x)")(keras.ops.multiply(x, 0.0)))

    np.testing.assert_array_equal(model(np.ones((2, 3), "float32")), np.zeros((2, 3)))


def test_every_function_is_one_of_keras() -> None:
    assert {name for name in FUNCTIONS if not callable(getattr(keras.ops, name, None))} == set()


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="x12+-*/%@()[]:,.<>=! 'opstanhmeanlambda_", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        parse_expression(text)


@given(number=st.integers(1, 999))
def test_inputs_are_counted_from_one(number: int) -> None:
    assert input_number(f"x{number}") == number - 1
