"""A script as a Jupyter notebook (nbformat 4.5): one cell for each section, and one that runs it."""

import json
from collections.abc import Iterator
from typing import Any

from app.codegen.python_source import Script


def render_notebook(script: Script) -> str:
    """Return the JSON of the notebook; its cells together are the script."""
    content = {
        "cells": [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(_cells(script), start=1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1) + "\n"


def _cells(script: Script) -> Iterator[dict[str, Any]]:
    yield _words("# A Keras model, exported by Layerloom")
    *parts, last = script.sections
    title = ""
    for section in parts:
        if section.title != title:
            title = section.title
            yield _words(f"## {title}")
        yield _code(section.text)
    yield _words("## Run it")
    yield _code(last.text.removesuffix('if __name__ == "__main__":\n    main()').rstrip())
    yield _code("model = main()")


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
