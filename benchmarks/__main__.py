"""`make bench`: run every measurement, each in a process of its own, and print their ratios as one table.

Each measurement is a module `benchmarks.NAME` (or package) that prints lines of JSON:
`{"what": "...", "ratio": 0.08, "target": "<= 0.1", "met": true, "detail": "..."}`.
"""

import argparse
import json
import subprocess
import sys

from rich.console import Console
from rich.table import Table

MEASUREMENTS = ("analysis", "first_metric", "training", "metrics_store", "web_process", "canvas", "big_import")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=MEASUREMENTS, help="which measurements; all by default")
    names = parser.parse_args().names
    table = Table(title="Layerloom against a peer in the same run")
    for column in ("measurement", "what", "figure", "target", "met", "detail"):
        table.add_column(column, overflow="fold")
    failed = False
    console = Console(width=160)
    for name in names:
        console.print(f"[dim]measuring {name} ...[/dim]")
        run = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], capture_output=True, text=True, check=False)
        rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        if run.returncode != 0 or not rows:
            failed = True
            console.print(run.stdout[-2000:], run.stderr[-4000:], markup=False)
        for row in rows:
            failed = failed or not row["met"]
            mark = "yes" if row["met"] else "[red]no[/red]"
            table.add_row(name, row["what"], f"{row['ratio']:.3g}", row["target"], mark, row.get("detail", ""))
    console.print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
