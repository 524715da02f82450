"""`python -m docs.reference [FOLDER]` writes the catalog reference, into docs/catalog by default."""

import sys
from pathlib import Path

from app.catalog.reference import render_reference
from app.catalog.registry import load_catalog

FOLDER = Path(__file__).parent / "catalog"


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    pages = render_reference(load_catalog())
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")
    print(f"{len(pages)} pages in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
