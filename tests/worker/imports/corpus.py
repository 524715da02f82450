"""Model files that are broken or mean harm, made by code: each must be refused with words, and quickly.

`python -m tests.worker.imports.corpus FOLDER` imports them all, each in a process with limits, and prints the codes.
"""

import io
import json
import os
import resource
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 5
MEMORY: Final = 1 << 31

JsonObject = dict[str, Any]


def archive(**members: bytes) -> bytes:
    """Return a zip; `__` in a name stands for a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def dense(name: str, /, **more: Any) -> JsonObject:
    return {"module": "keras.layers", "class_name": "Dense", "config": {"name": name, "units": 3}, **more}


def sequential(*entries: Any, **config: Any) -> bytes:
    return json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": list(entries), **config}}).encode()


def tensor(name: str, call: Any = 0, index: Any = 0) -> JsonObject:
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [name, call, index]},
    }


def called(name: str, *args: Any) -> JsonObject:
    return dense(name, name=name, inbound_nodes=[{"args": list(args), "kwargs": {}}])


def input_layer(name: str = "x", **config: Any) -> JsonObject:
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"name": name, "batch_shape": [None, 4], **config},
        "name": name,
        "inbound_nodes": [],
    }


def functional(*entries: Any, inputs: Any = None, outputs: Any = None) -> bytes:
    config = {
        "name": "m",
        "layers": list(entries),
        "input_layers": [["x", 0, 0]] if inputs is None else inputs,
        "output_layers": [["d", 0, 0]] if outputs is None else outputs,
    }
    return json.dumps({"module": "keras", "class_name": "Functional", "config": config}).encode()


def nested(levels: int) -> bytes:
    inner: JsonObject = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
    for number in range(levels):
        inner = {"class_name": "Sequential", "config": {"name": f"m{number}", "layers": [inner]}}
    return json.dumps(inner).encode()


def lying_directory() -> bytes:
    """An end record that names more members than anyone would write."""
    content = bytearray(archive(config__json=b"{}"))
    struct.pack_into("<H", content, content.rfind(b"PK\x05\x06") + 10, 0xFFFF)
    return bytes(content)


def directory_from_nowhere() -> bytes:
    content = bytearray(archive(config__json=b"{}"))
    struct.pack_into("<I", content, content.rfind(b"PK\x05\x06") + 16, 0x7FFFFFFF)
    return bytes(content)


def damaged_member() -> bytes:
    content = bytearray(archive(config__json=sequential(*(dense(f"d{number}") for number in range(50)))))
    content[60:90] = b"\xff" * 30
    return bytes(content)


def link_member() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        entry = zipfile.ZipInfo("config.json")
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


def stored(sizes: dict[str, int]) -> bytes:
    """Return an archive of members so many mebibytes long."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, size in sizes.items():
            file.writestr(name, b" " * (size * 2**20))
    return buffer.getvalue()


def two_configs() -> bytes:
    content = archive(config__json=sequential(dense("a")), confih__json=sequential(dense("b")))
    return content.replace(b"confih.json", b"config.json")


def encrypted_member() -> bytes:
    content = bytearray(archive(config__json=sequential(dense("d"))))
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(sign) + offset] |= 1
    return bytes(content)


def hdf5(write: Callable[[Any], None], folder: Path | None = None) -> bytes:
    import h5py

    with tempfile.TemporaryDirectory() as made:
        path = (folder or Path(made)) / "m.h5"
        with h5py.File(path, "w") as file:
            write(file)
        return path.read_bytes()


def with_model(file: Any, text: Any = None) -> None:
    file.attrs["model_config"] = sequential(dense("d")).decode() if text is None else text


def external_link(file: Any) -> None:
    import h5py

    with_model(file)
    file["model_weights"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: Any) -> None:
    import h5py

    with_model(file)
    file["model_weights"] = h5py.SoftLink("/somewhere")


def external_values(file: Any) -> None:
    with_model(file)
    file.create_dataset("kernel", shape=(10,), dtype="f4", external=[("/etc/passwd", 0, 40)])


def virtual_values(file: Any) -> None:
    import h5py

    with_model(file)
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
    file.create_virtual_dataset("kernel", layout)


def circle_of_groups(file: Any) -> None:
    with_model(file)
    group = file.create_group("a")
    group["b"] = group


def huge_values(file: Any) -> None:
    with_model(file)
    file.create_dataset("kernel", shape=(1 << 40,), dtype="f4", chunks=(1 << 10,))


def many_huge_values(file: Any) -> None:
    with_model(file)
    for number in range(50):
        file.create_dataset(f"kernel{number}", shape=(1 << 20, 1 << 10), dtype="f4", chunks=(1 << 8, 1 << 8))


def deep_groups(file: Any) -> None:
    with_model(file)
    group = file
    for _ in range(200):
        group = group.create_group("g")


def numbers_as_config(file: Any) -> None:
    file.attrs["model_config"] = [1, 2, 3]


def broken_training(file: Any) -> None:
    with_model(file, '{"class_name": "MyModel", "config": {}}')
    file.attrs["training_config"] = "{"


OPERATION: Final = {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "d"}, "name": "d"}
TWO_SHARED: Final = [dense("a", shared_object_id=1), dense("a", shared_object_id=1)]


CORPUS: Final[dict[str, tuple[str, Callable[[], bytes], str]]] = {
    "empty": ("m.keras", lambda: b"", "not_a_model"),
    "text": ("m.keras", lambda: "wörds".encode(), "not_a_model"),
    "pickle": ("m.keras", lambda: b"\x80\x04\x95\x1f\x00\x00", "not_a_model"),
    "a picture": ("m.png", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not_a_model"),
    "saved model": ("saved_model.pb", lambda: b"\x08\x01\x12\x05serve", "not_a_model"),
    # JSON
    "truncated json": ("m.json", lambda: sequential(dense("d"))[:-20], "not_a_model"),
    "json that is no model": ("m.json", lambda: b'{"a": 1}', "not_a_model"),
    "a list": ("m.json", lambda: b'{"config": [1, 2]}', "not_a_model"),
    "config is a number": ("m.json", lambda: b'{"class_name": "Sequential", "config": 3}', "not_a_model"),
    "subclassed": ("m.json", lambda: b'{"class_name": "MyModel", "config": {}}', "not_a_model"),
    "class_name is a list": ("m.json", lambda: b'{"class_name": [], "config": {"layers": []}}', "not_a_model"),
    "not utf-8": ("m.json", lambda: b'{"class_name": "\xff"}', "not_a_model"),
    "utf-16": ("m.json", lambda: '{"class_name": "Sequential"}'.encode("utf-16"), "not_a_model"),
    "nul bytes": ("m.json", lambda: b'{"class_name": "Seq\0uential", "config": {}}', "not_a_model"),
    "lone surrogate": ("m.json", lambda: sequential(dense("d")).replace(b'"d"', b'"\\ud800"'), "not_a_model"),
    "200 levels": ("m.json", lambda: b'{"config": ' + b'{"a": ' * 200 + b"1" + b"}" * 201, "not_a_model"),
    "100,000 levels": (
        "m.json",
        lambda: b'{"config": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "not_a_model",
    ),
    "100,000 objects in one another": (
        "m.json",
        lambda: b'{"config":' * 100_000 + b"1" + b"}" * 100_000,
        "not_a_model",
    ),
    "not a number": ("m.json", lambda: sequential(dense("d")).replace(b"3", b"NaN"), "not_a_model"),
    "infinity": ("m.json", lambda: sequential(dense("d")).replace(b"3", b"-Infinity"), "not_a_model"),
    "a number too large": ("m.json", lambda: sequential(dense("d")).replace(b"3", b"1e999"), "not_a_model"),
    "a million digits": ("m.json", lambda: sequential(dense("d")).replace(b"3", b"9" * 1_000_000), "not_a_model"),
    "30 digits": ("m.json", lambda: sequential(dense("d")).replace(b"3", b"9" * 30), "not_a_model"),
    "3,000,000 values": (
        "m.json",
        lambda: b'{"class_name": "Sequential", "config": {"layers": [' + b"1," * 3_000_000 + b"1]}}",
        "not_a_model",
    ),
    "3,000,000 keys": (
        "m.json",
        lambda: b'{"class_name": "Sequential", "config": {' + b'"a":1,' * 3_000_000 + b'"layers": []}}',
        "not_a_model",
    ),
    "an archive with 40 MB of spaces": ("m.keras", lambda: stored({"config.json": 40}), "too_large"),
    "an archive with 20 MB of words": (
        "m.keras",
        lambda: stored({"config.json": 0, **{f"assets/{number}/vocabulary.txt": 4 for number in range(5)}}),
        "too_large",
    ),
    "40 MB of spaces": ("m.json", lambda: b'{"config": ' + b" " * 40_000_000 + b"{}}", "too_large"),
    # Layers
    "layers that are none": ("m.json", lambda: sequential(1, None), "not_a_model"),
    "a layer of text": ("m.json", lambda: sequential("Dense"), "not_a_model"),
    "a layer without a class": ("m.json", lambda: sequential({"config": {"name": "d"}}), "not_a_model"),
    "a class of objects": ("m.json", lambda: sequential({"class_name": {}, "config": {}}), "not_a_model"),
    "a config of numbers": ("m.json", lambda: sequential({"class_name": "Dense", "config": [1]}), "not_a_model"),
    "a layer named by a number": ("m.json", lambda: sequential(dense("d", name=3)), "not_a_model"),
    "a name of 10,000 letters": ("m.json", lambda: sequential(dense("d" * 10_000)), "not_a_model"),
    "a name that is a path": ("m.json", lambda: sequential(dense("../../x")), "not_a_model"),
    "a name that is a path of windows": ("m.json", lambda: sequential(dense("..\\..\\x")), "not_a_model"),
    "a name that is code": ("m.json", lambda: sequential(dense('"); import os; ("')), "not_a_model"),
    "a name that is markup": ("m.json", lambda: sequential(dense("<img src=x>")), "not_a_model"),
    "a name of two lines": ("m.json", lambda: sequential(dense("a\nimport os")), "not_a_model"),
    "duplicate names": ("m.json", lambda: sequential(dense("d"), dense("d")), "not_a_model"),
    "20,000 layers": ("m.json", lambda: sequential(*(dense(f"d{number}") for number in range(20_000))), "too_large"),
    "20,000 calls": (
        "m.json",
        lambda: functional(input_layer(), dense("d", name="d", inbound_nodes=[{"args": []}] * 20_000)),
        "too_large",
    ),
    "models in models": ("m.json", lambda: nested(60), "not_a_model"),
    "1,200 models": (
        "m.json",
        lambda: sequential(
            *({"class_name": "Sequential", "config": {"name": f"m{number}", "layers": []}} for number in range(1_200))
        ),
        "too_large",
    ),
    # Wires
    "a circle": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("e")), called("e", tensor("d"))),
        "not_a_model",
    ),
    "a layer that feeds itself": ("m.json", lambda: functional(input_layer(), called("d", tensor("d"))), "not_a_model"),
    "an output from nowhere": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x")), outputs=[["gone", 0, 0]]),
        "not_a_model",
    ),
    "an input from nowhere": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x")), inputs=[["gone", 0, 0]]),
        "not_a_model",
    ),
    "a wire from nowhere": ("m.json", lambda: functional(input_layer(), called("d", tensor("gone"))), "not_a_model"),
    "a call that is not there": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x", 7))),
        "not_a_model",
    ),
    "a call before the first": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x", -1))),
        "not_a_model",
    ),
    "an output of a million": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x", 0, 1_000_000))),
        "not_a_model",
    ),
    "a history of texts": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x", "0", []))),
        "not_a_model",
    ),
    "calls that are numbers": (
        "m.json",
        lambda: functional(input_layer(), dense("d", name="d", inbound_nodes=[1, 2])),
        "not_a_model",
    ),
    "ends that are objects": (
        "m.json",
        lambda: functional(input_layer(), called("d", tensor("x")), outputs=[["d", 0, {}]]),
        "not_a_model",
    ),
    "25,000 wires": (
        "m.json",
        lambda: functional(
            input_layer(),
            {
                "module": "keras.layers",
                "class_name": "Concatenate",
                "config": {"name": "d"},
                "name": "d",
                "inbound_nodes": [{"args": [[tensor("x")] * 25_000], "kwargs": {}}],
            },
        ),
        "too_large",
    ),
    "keras 2 calls of nothing": (
        "m.json",
        lambda: functional(input_layer(), dense("d", name="d", inbound_nodes=[[["gone", 0, 0, {}]]])),
        "not_a_model",
    ),
    # Archives
    "truncated archive": ("m.keras", lambda: archive(config__json=sequential())[:-30], "bad_archive"),
    "only a zip's first bytes": ("m.keras", lambda: b"PK\x03\x04", "bad_archive"),
    "archive without a config": ("m.keras", lambda: archive(other__json=b"{}"), "bad_archive"),
    "damaged member": ("m.keras", damaged_member, "bad_archive"),
    "encrypted member": ("m.keras", encrypted_member, "bad_archive"),
    "zip bomb": ("m.keras", lambda: archive(config__json=b" " * 50_000_000), "bad_archive"),
    "bomb beside the config": (
        "m.keras",
        lambda: archive(config__json=sequential(), weights=b"\0" * 50_000_000),
        "bad_archive",
    ),
    "a path out of the archive": (
        "m.keras",
        lambda: archive(**{"/../../etc/x": b"", "config__json": b"{}"}),
        "bad_archive",
    ),
    "an absolute path": ("m.keras", lambda: archive(**{"/etc/x": b"", "config__json": b"{}"}), "bad_archive"),
    "a path of windows": ("m.keras", lambda: archive(**{"C:\\x": b"", "config__json": b"{}"}), "bad_archive"),
    "a link": ("m.keras", link_member, "bad_archive"),
    "two configs": ("m.keras", two_configs, "bad_archive"),
    "5,000 members": ("m.keras", lambda: archive(**{f"m{number}": b"" for number in range(5_000)}), "bad_archive"),
    "a lying directory": ("m.keras", lying_directory, "bad_archive"),
    "a directory from nowhere": ("m.keras", directory_from_nowhere, "bad_archive"),
    # HDF5
    "only hdf5's first bytes": ("m.h5", lambda: b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "bad_hdf5"),
    "truncated hdf5": ("m.h5", lambda: hdf5(with_model)[:600], "bad_hdf5"),
    "hdf5 without a model": ("m.h5", lambda: hdf5(lambda file: None), "not_a_model"),
    "hdf5 of numbers": ("m.h5", lambda: hdf5(numbers_as_config), "bad_hdf5"),
    "hdf5 with a broken config": ("m.h5", lambda: hdf5(lambda file: with_model(file, "{")), "not_a_model"),
    "hdf5 with broken training": ("m.h5", lambda: hdf5(broken_training), "not_a_model"),
    "an external link": ("m.h5", lambda: hdf5(external_link), "bad_hdf5"),
    "a soft link": ("m.h5", lambda: hdf5(soft_link), "bad_hdf5"),
    "values in another file": ("m.h5", lambda: hdf5(external_values), "bad_hdf5"),
    "virtual values": ("m.h5", lambda: hdf5(virtual_values), "bad_hdf5"),
    "a circle of groups": ("m.h5", lambda: hdf5(circle_of_groups), "bad_hdf5"),
    "4 TB of values": ("m.h5", lambda: hdf5(huge_values), "bad_hdf5"),
    "200 GB of values": ("m.h5", lambda: hdf5(many_huge_values), "bad_hdf5"),
    "200 groups in one another": ("m.h5", lambda: hdf5(deep_groups), "bad_hdf5"),
    # Scripts
    "a script that is none": ("m.py", lambda: b"import keras\nmodel = keras.Sequential([\n", "not_python"),
    "a notebook of bytes": ("m.ipynb", lambda: b"\xff\xfe\x00", "not_python"),
    "a notebook of brackets": ("m.ipynb", lambda: b"[" * 100_000, "not_python"),
    "a notebook without a model": ("m.ipynb", lambda: b'{"cells": []}', "not_python"),
    "a script of bytes": ("m.py", lambda: b"\xff\xfe\x00", "not_python"),
    "a script with a nul": ("m.py", lambda: b"import keras\0\n", "not_python"),
    "a script without a model": ("m.py", lambda: b"print(1)\n", "not_python"),
    "a script of brackets": ("m.py", lambda: b"x = " + b"(" * 50_000 + b")" * 50_000, "not_python"),
    "a script of signs": ("m.py", lambda: b"x = " + b"-" * 50_000 + b"1", "not_python"),
    "an endless script": (
        "m.py",
        lambda: b"import keras\nx = []\nfor a in range(99999):\n    for b in range(99999):\n        x.append(keras)\n",
        "not_python",
    ),
    "a script of doubled lists": (
        "m.py",
        lambda: (
            b"import keras\nx = [1]\nfor _ in range(60):\n    x = [x, x]\n"
            b"m = keras.Sequential([keras.layers.Dense(3, kernel_initializer=x)])\n"
        ),
        "not_python",
    ),
    "a script of doubled metrics": (
        "m.py",
        lambda: (
            b"import keras\nx = ['mse']\nfor _ in range(60):\n    x = [x, x]\n"
            b"m = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])\nm.compile('sgd', 'mse', metrics=x)\n"
        ),
        "not_python",
    ),
    "a script of great numbers": (
        "m.py",
        lambda: b"import keras\nn = 10 ** 10 ** 10\nm = keras.Sequential([keras.layers.Dense(n)])\n",
        "not_python",
    ),
    "a script of great texts": (
        "m.py",
        lambda: b"import keras\nm = keras.Sequential([keras.layers.Dense(3, name='a' * 10 ** 9)])\n",
        "not_python",
    ),
    "a script of wide texts": (
        "m.py",
        lambda: b"import keras\nm = keras.Sequential([keras.layers.Dense(3, name='{:>999999999}'.format('a'))])\n",
        "not_python",
    ),
    "a script that calls itself": (
        "m.py",
        lambda: b"def f():\n    return f()\nf()\n",
        "not_python",
    ),
    "a script of 3 MB": ("m.py", lambda: b"#" * 3_000_000, "too_large"),
}
"""Each file by what is wrong with it: its name, what makes its content, and the code with which it is refused."""


def main(folder: Path) -> None:
    """Import every file of the corpus in a child with limits; print what came of each as JSON."""
    from app.catalog.registry import load_catalog
    from app.worker.imports.model import import_model

    catalog = load_catalog()
    found = {}
    for number, (what, (filename, make, _)) in enumerate(CORPUS.items()):
        path = folder / f"{number}_{filename}"
        path.write_bytes(make())
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            os.write(writer, _outcome(path, filename, catalog, import_model).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            found[what] = answer.read().decode()
        os.waitpid(child, 0)
    print(json.dumps(found))


def _outcome(path: Path, filename: str, catalog: Any, import_model: Any) -> str:
    from app.shared.errors import AppError

    try:
        found = import_model(path, filename, catalog)
    except AppError as error:
        return f"{error.code}: {error.message}"
    except BaseException as error:  # what the test then shows
        return f"{type(error).__name__}: {error}"[:300]
    return f"imported {len(found.layers)} layers"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
