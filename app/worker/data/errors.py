"""What can be wrong with training data, in words for a person."""

from app.shared.errors import Invalid, TooLarge, Unavailable


class BadData(Invalid):
    """The data cannot be read or does not hold what training needs; `node` of the design is to blame, if one is."""

    code = "bad_data"

    def __init__(self, message: str, *, node: str = "", expected: str = "", received: str = "", hint: str = "") -> None:
        super().__init__(message, expected=expected, received=received, hint=hint)
        self.node = node

    def as_dict(self) -> dict[str, str]:
        return {**super().as_dict(), "node": self.node}


class DataTooLarge(TooLarge):
    """A table is larger than one that is read here."""

    code = "data_too_large"


class DataMissing(Unavailable):
    """A data set is not on this machine and could not be downloaded."""

    code = "data_missing"
