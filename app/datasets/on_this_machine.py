"""Uploaded tables for the command line on the server's machine: from the database, by nobody's leave."""

from app.datasets import repository
from app.datasets.service import UPLOAD_PREFIX
from app.infra.artifacts import FileArtifacts
from app.infra.database import Database
from app.messages.data import CsvOptions, CsvSource


async def find_table(database: Database, artifacts: FileArtifacts, name: str) -> CsvSource | None:
    """Return where the table called `name` (`upload:ID`) lies and how it is read; None when there is none."""
    async with database.session() as session:
        upload = await repository.find_any_upload(session, name.removeprefix(UPLOAD_PREFIX))
    if upload is None:
        return None
    return CsvSource(path=artifacts.url(upload.artifact), options=CsvOptions.model_validate(upload.options))
