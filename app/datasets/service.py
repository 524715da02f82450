"""Data sets: the built-in ones and uploaded tables. Nothing here reads data: analysis processes do."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.datasets import repository
from app.datasets.builtin import BUILTIN
from app.datasets.schemas import DatasetSummary, UploadedTable
from app.datasets.tables import Upload
from app.designs.data import TrainingData, declare_tables
from app.graph.demand import PLAIN, Demand
from app.infra.analysis import Refused
from app.infra.multipart import UploadedFile
from app.infra.services import Services
from app.messages.analysis import DescribeDataRequest, InspectTableRequest, Refusal
from app.messages.data import (
    CsvOptions,
    CsvSource,
    DatasetDescription,
    DataSource,
    InspectedTable,
    KerasSource,
)
from app.shared.errors import Invalid, NotFound
from app.shared.ids import new_id

UPLOAD_PREFIX: Final = "upload:"

DESCRIBE_SECONDS: Final = 60.0
"""How long an analysis process may take to read a whole data set, downloads included."""

INSPECT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Dataset:
    """A data set that the principal may use: its name, where its data is, and its row when it was uploaded."""

    name: str
    source: DataSource
    upload: Upload | None = None


async def list_datasets(session: AsyncSession, services: Services, principal: Principal) -> list[DatasetSummary]:
    """Return the built-in sets, then the uploads of the workspace, the newest first."""
    builtin = [entry.summarize(services.keras_home) for entry in BUILTIN.values()]
    return builtin + [_summarize(upload) for upload in await repository.list_uploads(session, principal)]


async def get_dataset(session: AsyncSession, services: Services, principal: Principal, name: str) -> Dataset:
    """Return the set called `name` (`digits`, `upload:ID`); raise `NotFound` when the workspace has none."""
    if name in BUILTIN:
        return Dataset(name, BUILTIN[name].source)
    upload = await find_upload(session, principal, name)
    if upload is None:
        raise NotFound(
            f"There is no data set named {name[:80]}.",
            expected=f"{', '.join(BUILTIN)}, or one that was uploaded to this workspace",
            received=name[:80],
            hint="Choose a data set in the Train tab, or upload the table again.",
        )
    return Dataset(name, _source(services, upload), upload)


def _source(services: Services, upload: Upload) -> CsvSource:
    options = CsvOptions.model_validate(upload.options)
    return CsvSource(path=services.artifacts.url(upload.artifact), options=options)


async def find_upload(session: AsyncSession, principal: Principal, name: str) -> Upload | None:
    if not name.startswith(UPLOAD_PREFIX):
        return None
    return await repository.find_upload(session, principal, name.removeprefix(UPLOAD_PREFIX))


async def get_upload(session: AsyncSession, principal: Principal, name: str) -> Upload:
    """Return the uploaded table called `name`; raise `NotFound`, also for a built-in set, which has no options."""
    upload = await find_upload(session, principal, name)
    if upload is None:
        raise NotFound(
            f"There is no uploaded table named {name[:80]}.",
            expected="a table that was uploaded to this workspace",
            hint="Built-in data sets have no options." if name in BUILTIN else "Upload the table again.",
        )
    return upload


_KEPT_DESCRIPTIONS: Final = 256

_descriptions: Final[OrderedDict[str, DatasetDescription]] = OrderedDict()
"""Descriptions of bundled sets, which never change while the server runs, and of tables as designs want them."""


async def describe(services: Services, dataset: Dataset, demand: Demand = PLAIN) -> DatasetDescription:
    """Return what the set holds, and what of a table reaches a design that wants it as `demand` says.

    Raises `Refused` with the words of the process that tried to read it. The plain description of an uploaded table is
    kept in its row. To be called outside of a transaction, since reading may take long.
    """
    wanted = _wanted(dataset, demand)
    known = _known_description(dataset, wanted)
    if known is not None:
        return known
    answer = await services.analysis.ask(DescribeDataRequest(data=dataset.source, demand=wanted), DESCRIBE_SECONDS)
    if isinstance(answer, Refusal):
        raise Refused(answer)
    if dataset.upload is not None and wanted == PLAIN:
        async with services.database.session() as session:
            await repository.keep_description(session, dataset.upload, answer.model_dump(mode="json"))
    elif not isinstance(dataset.source, KerasSource):
        _descriptions[_description_key(dataset, wanted)] = answer
        while len(_descriptions) > _KEPT_DESCRIPTIONS:
            _descriptions.popitem(last=False)
    return answer


def _wanted(dataset: Dataset, demand: Demand) -> Demand:
    """Only of a table do designs want different things."""
    return PLAIN if dataset.upload is None or demand.is_plain else demand


def _known_description(dataset: Dataset, wanted: Demand) -> DatasetDescription | None:
    if dataset.upload is not None and wanted == PLAIN:
        kept = dataset.upload.description
        return None if kept is None else DatasetDescription.model_validate(kept)
    key = _description_key(dataset, wanted)
    if key in _descriptions:
        _descriptions.move_to_end(key)
    return _descriptions.get(key)


def _description_key(dataset: Dataset, wanted: Demand) -> str:
    return f"{dataset.source.model_dump_json()} {wanted.model_dump_json()}"


async def receive(services: Services, file: UploadedFile) -> tuple[Upload, InspectedTable]:
    """Store an uploaded file and have it inspected; raise `TooLarge` or `Refused`, leaving nothing behind."""
    stored = await services.artifacts.write(file.content(), limit=services.upload_limit_bytes)
    try:
        request = InspectTableRequest(path=services.artifacts.url(stored.key))
        answer = await services.analysis.ask(request, INSPECT_SECONDS)
        if isinstance(answer, Refusal):
            raise Refused(answer)
        inspected = _read_inspection(answer)
    except BaseException:
        await services.artifacts.remove(stored.key)
        raise
    upload = Upload(
        id=new_id(),
        filename=label(file.filename),
        artifact=stored.key,
        sha256=stored.sha256,
        bytes=stored.bytes,
        inspected=inspected.model_dump(mode="json"),
        options=inspected.options.model_dump(mode="json"),
    )
    return upload, inspected


def _read_inspection(answer: Any) -> InspectedTable:
    try:
        return InspectedTable.model_validate(answer)
    except ValidationError as error:
        raise Refused(
            Refusal(
                code="bad_data",
                message="This file cannot be read as a table.",
                expected="a table with a row a line, separated by commas, semicolons or tabs",
                received=str(error)[:300],
            )
        ) from error


def label(filename: str, default: str = "table.csv") -> str:
    """Return a file name as a label: its last part without control characters; `default` when nothing is left."""
    name = re.split(r"[/\\]", filename)[-1]
    kept = "".join(character for character in name if character.isprintable()).strip()
    return kept[:255] or default


def table_view(upload: Upload) -> UploadedTable:
    """Return an uploaded table as its owner sees it."""
    inspected = InspectedTable.model_validate(upload.inspected)
    return UploadedTable(
        name=f"{UPLOAD_PREFIX}{upload.id}",
        title=_title(upload),
        filename=upload.filename,
        bytes=upload.bytes,
        rows=inspected.rows,
        columns=inspected.columns,
        preview_rows=inspected.preview_rows,
        options=CsvOptions.model_validate(upload.options),
        notes=inspected.notes,
    )


def set_options(upload: Upload, options: CsvOptions) -> CsvOptions:
    """Read the table by `options` from now on; raise `Invalid` when they name columns that it does not have."""
    known = {column["name"] for column in upload.inspected["columns"]}
    unknown = [name for name in (*options.targets, *options.features) if name not in known]
    header_changed = options.header != upload.options["header"] or options.delimiter != upload.options["delimiter"]
    if unknown and not header_changed:
        raise Invalid(
            f"The table has no column named {unknown[0][:80]}.",
            expected=", ".join(sorted(known))[:500],
            received=", ".join(unknown)[:500],
            hint="Choose among the columns of the table.",
        )
    upload.options = options.model_dump(mode="json")
    upload.description = None
    return options


async def _table_of_design(
    services: Services, session: AsyncSession, principal: Principal, name: str, demand: Demand
) -> TrainingData | None:
    upload = await find_upload(session, principal, name)
    if upload is None:
        return None
    dataset = Dataset(name, _source(services, upload), upload)
    described = _known_description(dataset, _wanted(dataset, demand))
    if described is None:
        return TrainingData(dataset.source)
    return TrainingData(dataset.source, {one.node: described.target_of(one.node) for one in demand.outputs})


declare_tables(_table_of_design)


def _title(upload: Upload) -> str:
    return upload.filename.rsplit(".", 1)[0] or upload.filename


def _summarize(upload: Upload) -> DatasetSummary:
    description = upload.description or {}
    target = description.get("target") or {}
    features = description.get("features") or [{}]
    inspected = upload.inspected
    task = upload.options["task"] if upload.options["task"] != "auto" else target.get("kind")
    return DatasetSummary(
        name=f"{UPLOAD_PREFIX}{upload.id}",
        title=_title(upload),
        summary=f"{inspected['rows']:,} rows, {len(inspected['columns'])} columns",
        source="csv",
        kind="table",
        task=task,
        samples=inspected["rows"],
        feature_shape=features[0].get("shape"),
        classes=len(target.get("classes") or []) or None,
    )
