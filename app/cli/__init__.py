"""The `layerloom` command. Exit codes: 0 fine, 1 the design or data has problems, 2 wrong use.

`import`, `analyze`, `export`, `train` and `catalog` need no server: Keras runs in a child process. What a command does
not need is not imported, so that it starts quickly.
"""

import sys

import typer

from app.cli import designs, served, training
from app.cli.telling import PROBLEMS, WRONG_USE, WrongUse, tell
from app.shared.errors import AppError

app = typer.Typer(
    name="layerloom",
    help="Draw a Keras network, train it, watch it live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
users = typer.Typer(help="People who may sign in.", no_args_is_help=True)
app.add_typer(users, name="user")

for _command in (
    served.serve,
    served.link,
    designs.analyze,
    designs.export,
    training.train,
    designs.catalog,
    served.watch,
):
    app.command()(_command)
app.command("import")(designs.import_design)
users.command("link")(served.link_user)
users.command("add")(served.add_user)
users.command("allow-code")(served.allow_code)


def main() -> None:
    """Run the command; errors go to stderr in words, never as a traceback."""
    try:
        app()
    except WrongUse as error:
        tell(error)
        sys.exit(WRONG_USE)
    except AppError as error:
        tell(error)
        sys.exit(PROBLEMS)
    except OSError as error:
        tell(WrongUse("A file or a folder cannot be used.", expected="one that may be used", received=str(error)))
        sys.exit(WRONG_USE)
    except KeyboardInterrupt:
        sys.exit(130)
