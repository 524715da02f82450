"""What keeps a file from being imported."""

from typing import ClassVar

from app.shared.errors import Invalid, TooLarge


class NotAModel(Invalid):
    """What the file holds is no Keras model, or none that a design can hold."""

    code: ClassVar[str] = "not_a_model"


class BadArchive(Invalid):
    """A `.keras` file is damaged, or made to do harm."""

    code: ClassVar[str] = "bad_archive"


class BadHdf5(Invalid):
    """An HDF5 file is damaged, or made to do harm."""

    code: ClassVar[str] = "bad_hdf5"


def too_large(what: str, size: int, limit: int) -> TooLarge:
    """Return the error for `size` bytes of `what` where `limit` are allowed."""
    return TooLarge(
        f"This {what} is too large.",
        expected=f"at most {limit / 2**20:.0f} MiB",
        received=f"{size / 2**20:.0f} MiB",
    )


class NotPython(Invalid):
    """A script that cannot be read; `line` is where, counted from 1."""

    code: ClassVar[str] = "not_python"

    def __init__(self, message: str, *, expected: str, received: str, hint: str = "", line: int = 0) -> None:
        super().__init__(message, expected=expected, received=received, hint=hint)
        self.line = line
