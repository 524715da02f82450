"""Where what a run writes ends up: plain names in the folder of the run, whatever a design asks for."""

import re
from pathlib import Path, PurePosixPath
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

_NAME: Final = re.compile(r"[A-Za-z0-9_.{}:\-]{1,120}")
_ENDINGS: Final = (".keras", ".h5", ".csv")


def inside(folder: Path, wanted: Any, stem: str, ending: str = "") -> str:
    """Return a path in `folder`, which is made, named as `wanted` says with `ending`, whatever folder that names."""
    name = PurePosixPath(str(wanted or "").replace("\\", "/")).name
    if not _NAME.fullmatch(name) or name.startswith("."):
        name = stem
    if ending and not name.endswith(ending):
        for other in _ENDINGS:
            name = name.removesuffix(other)
        name += ending
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / name)


def pack(folder: Path, path: Path) -> None:
    """Write the files below `folder` into the zip archive `path`, in the order of their names."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for file in sorted(found for found in folder.rglob("*") if found.is_file() and not found.is_symlink()):
            archive.write(file, file.relative_to(folder.parent))
