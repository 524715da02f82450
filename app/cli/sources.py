"""What a design is trained on, and the weights of a run, on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.asking import ask
from app.cli.files import must_exist
from app.cli.telling import WrongUse
from app.shared.errors import NotFound

if TYPE_CHECKING:
    from app.messages.data import DataSource


def find_source(dataset: str | None) -> "DataSource | None":
    """Return the data set called `dataset`: one that is built in, or a table of this machine's server (`upload:ID`)."""
    from app.datasets.builtin import BUILTIN

    if dataset is not None and dataset.startswith("upload:"):
        return _find_table(dataset)
    return BUILTIN[dataset].source if dataset in BUILTIN else None


def _find_table(dataset: str) -> "DataSource | None":
    from app.settings import Settings

    settings = Settings()
    if not settings.database_url and not (settings.data.expanduser() / "layerloom.db").is_file():
        return None
    import asyncio

    from app.datasets.on_this_machine import find_table
    from app.infra.artifacts import FileArtifacts
    from app.infra.database import Database

    async def found() -> "DataSource | None":
        database = Database(settings.database)
        try:
            return await find_table(database, FileArtifacts(settings.folder / "files"), dataset)
        finally:
            await database.close()

    return asyncio.run(found())


def get_source(dataset: str | None, targets: list[str]) -> "DataSource":
    """Return the data set called `dataset`, or the table at that path with its target columns; raise `WrongUse`."""
    from app.datasets.builtin import BUILTIN
    from app.messages.data import CsvOptions, CsvSource

    if dataset is not None and dataset.lower().endswith(".csv"):
        path = Path(dataset)
        must_exist(path)
        found = ask("analyze", {"request": "inspect_table", "path": str(path.resolve())})
        options = CsvOptions.model_validate({**found["options"], **({"targets": targets} if targets else {})})
        return CsvSource(path=str(path.resolve()), options=options)
    source = find_source(dataset)
    if source is None:
        raise WrongUse(
            "The design names no data set." if dataset is None else "There is no data set of this name.",
            expected=", ".join(BUILTIN) + ", upload:ID of a table on this machine, or the path of a .csv file",
            received="nothing" if dataset is None else repr(dataset),
            hint="Name one with --dataset.",
        )
    return source


def weights_of(run: str) -> str:
    """Return the file of the model that a run of this machine trained; raise `NotFound`."""
    from app.settings import Settings

    folder = Settings().folder / "runs"
    path = folder / run / "model.keras"
    if path.parent.parent != folder or not path.is_file():
        raise NotFound(
            "There is no trained model of this run on this machine.", expected=str(folder / "RUN"), received=repr(run)
        )
    return str(path)
