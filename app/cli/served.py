"""Commands about the server of this machine: starting it, its people, its runs."""

from typing import Annotated

import typer

from app.cli.events import shown
from app.cli.telling import AsJson, terminal


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; the next free one if taken.")] = None,
) -> None:
    """Serve the editor and print the link that signs you in."""
    from app.main import serve as run

    def announce(url: str, link: str, note: str) -> None:
        console = terminal()
        if note:
            console.print(note)
        console.print(f"Layerloom is ready at [bold]{url}[/bold]")
        console.print(f"Open this link to sign in: {link}", soft_wrap=True)
        console.file.flush()

    run(host, port, announce, lambda words: typer.echo(f"Sandbox for own Python: {words}"))


def link() -> None:
    """Print a new link that signs the owner in; it works once."""
    from app.main import link as make

    typer.echo(make())


def link_user(name: Annotated[str, typer.Argument(help="The name of the teammate.")]) -> None:
    """Print a new sign-in link for a teammate; it works once."""
    from app.main import link as make

    typer.echo(make(name))


def add_user(name: Annotated[str, typer.Argument(help="The name of the teammate.")]) -> None:
    """Add a teammate and print their sign-in link, which works once."""
    from app.main import add_user as add

    typer.echo(add(name))


def allow_code(
    name: Annotated[str, typer.Argument(help="The name of the teammate.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the permission away.")] = False,
) -> None:
    """Let a teammate run Python that was written for designs; it runs in the sandbox only."""
    from app.main import allow_code as allow

    allow(name, not revoke)
    typer.echo(f"{name} may {'no longer ' if revoke else ''}run code.")


def watch(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, as at the end of its address.")],
    as_json: AsJson = False,
) -> None:
    """Follow a run of this machine's server until it ends; what happened before is shown first."""
    import asyncio

    from app.infra.database import Database
    from app.runs.watch import follow
    from app.settings import Settings

    async def events() -> int:
        database = Database(Settings().database)
        try:
            with shown(as_json) as show:
                async for event in follow(database, run):
                    show(event.model_dump(mode="json"))
                return show.status
        finally:
            await database.close()

    raise typer.Exit(asyncio.run(events()))
