"""What can be wrong with training data, in words for a person."""

from app.shared.errors import Invalid, TooLarge, Unavailable


class BadData(Invalid):
    """The data cannot be read or does not hold what training needs."""

    code = "bad_data"


class DataTooLarge(TooLarge):
    code = "data_too_large"


class DataMissing(Unavailable):
    """A data set is not on this machine and could not be downloaded."""

    code = "data_missing"
