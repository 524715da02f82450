"""Files that are broken or mean harm."""

import json
import subprocess
import sys
from pathlib import Path

from tests.worker.imports.corpus import CORPUS


def test_every_bad_file_is_refused_with_words_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker.imports.corpus", str(tmp_path)], capture_output=True, text=True, check=True
    )

    codes = {what: outcome.partition(":")[0] for what, outcome in json.loads(done.stdout).items()}
    assert codes == {what: code for what, (_, _, code) in CORPUS.items()}
    assert len(codes) >= 60
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{number}_{filename}" for number, (filename, _, _) in enumerate(CORPUS.values())
    )
