from app.catalog.registry import load_catalog
from app.graph.model import Call, LayerInstance, Plan, PlannedInput, PlannedOutput, Source
from app.graph.plan import make_plan
from tests.graph.designs import chain, design

CATALOG = load_catalog()


def test_a_chain_is_sequential() -> None:
    document = chain(
        ("x", "InputLayer", {"shape": [4], "position": 3}),
        ("dense", "Dense", {"units": 3}),
        ("y", "Output", {}),
        catalog="3.15.1",
        meta={"name": "Chain"},
    )

    assert make_plan(document, CATALOG) == Plan(
        name="Chain",
        catalog="3.15.1",
        layers={
            "x": LayerInstance(id="x", class_name="InputLayer", name="x", params={"shape": [4]}),
            "dense": LayerInstance(id="dense", class_name="Dense", name="dense", params={"units": 3}),
        },
        inputs=(PlannedInput(node="x", layer="x"),),
        calls=(
            Call(
                node="dense",
                layer="dense",
                arguments={"inputs": Source(node="x", port="output")},
                outputs=("output",),
            ),
        ),
        outputs=(PlannedOutput(node="y", name="y", source=Source(node="dense", port="output")),),
        sequential=True,
        owns=("dense", "x"),
    )


def test_a_shared_layer_is_one_instance_with_two_calls_and_no_chain() -> None:
    document = design(
        {
            "a": ("InputLayer", {"shape": [8, 4], "position": 2}),
            "b": ("InputLayer", {"shape": [8, 4], "position": 1}),
            "lstm": ("LSTM", {"units": 3}),
            "merge": ("Concatenate", {}),
            "y": ("Output", {}),
        },
        ["a->lstm", "b->again", "again->merge:inputs.3", "lstm->merge:inputs.1", "merge->y"],
        calls={"again": "lstm"},
    )

    plan = make_plan(document, CATALOG)

    assert [planned.node for planned in plan.inputs] == ["b", "a"]
    assert sorted(plan.layers) == ["a", "b", "lstm", "merge"]
    assert [(call.node, call.layer) for call in plan.calls] == [
        ("again", "lstm"),
        ("lstm", "lstm"),
        ("merge", "merge"),
    ]
    assert plan.calls[-1].arguments == {
        "inputs": (Source(node="lstm", port="output"), Source(node="again", port="output"))
    }
    assert not plan.sequential


def test_named_ports_go_to_their_arguments() -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [8, 4]}),
            "encode": ("LSTM", {"units": 4, "return_state": True, "return_sequences": True}),
            "attend": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 2}),
            "mix": ("Attention", {}),
            "decode": ("LSTM", {"units": 4}),
            "y": ("Output", {}),
        },
        [
            "x->encode",
            "encode->attend:value",
            "x->attend:query",
            "attend->mix:query",
            "encode->mix:value",
            "mix->decode",
            "encode:state_h->decode:initial_state.0",
            "encode:state_c->decode:initial_state.1",
            "decode->y",
        ],
    )

    calls = {call.node: call for call in make_plan(document, CATALOG).calls}

    assert calls["encode"].outputs == ("output", "state_h", "state_c")
    assert calls["attend"].arguments == {
        "query": Source(node="x", port="output"),
        "value": Source(node="encode", port="output"),
    }
    assert calls["mix"].arguments == {
        "inputs": (Source(node="attend", port="output"), Source(node="encode", port="output"))
    }
    assert calls["decode"].arguments == {
        "sequences": Source(node="mix", port="output"),
        "initial_state": (Source(node="encode", port="state_h"), Source(node="encode", port="state_c")),
    }
