"""A node's note as a comment above its statement (ADR 0111)."""


def comment(note: str, indent: int) -> str:
    """Return the lines of a comment that says `note`, each with its line end; nothing for an empty note.

    A sign that ends a line, turns the direction of writing or cannot be printed becomes a space, so that a note
    never is anything but a comment.
    """
    if not note.strip():
        return ""
    margin = " " * indent + "#"
    lines = [_printable(line) for line in note.strip().splitlines()]
    return "".join(f"{margin} {line}".rstrip() + "\n" for line in lines)


def _printable(line: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in line).rstrip()
