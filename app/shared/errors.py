"""The base of every error that a person will read."""

from typing import ClassVar


class AppError(Exception):
    """An error with an HTTP status and a stable code.

    `message` says what happened; `expected` and `received` say what was looked for and what came instead;
    `hint` says what to do. Subclasses set `status` and `code`; raising `AppError` itself gives 400 `bad_request`.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, *, expected: str = "", received: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.received = received
        self.hint = hint

    def as_dict(self) -> dict[str, str]:
        """Return the body of the HTTP answer: `code`, `message`, `expected`, `received` and `hint`."""
        return {
            "code": self.code,
            "message": self.message,
            "expected": self.expected,
            "received": self.received,
            "hint": self.hint,
        }


class NotSignedIn(AppError):
    status = 401
    code = "not_signed_in"


class Forbidden(AppError):
    status = 403
    code = "forbidden"


class NotFound(AppError):
    status = 404
    code = "not_found"


class Conflict(AppError):
    status = 409
    code = "conflict"


class TooLarge(AppError):
    status = 413
    code = "too_large"


class Invalid(AppError):
    status = 422
    code = "invalid"


class TooManyRequests(AppError):
    status = 429
    code = "too_many_requests"


class Unavailable(AppError):
    status = 503
    code = "unavailable"
