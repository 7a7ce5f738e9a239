"""Errors as Stripe answers them."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.stripe.com/error-codes"


class ApiError(Exception):
    """An error answer in Stripe's shape.

    ``keeps_changes`` is true where Stripe, too, keeps what happened before the error: a declined payment
    leaves a failed charge behind. ``stored`` answers are replayed under the same idempotency key.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        keeps_changes: bool = False,
        stored: bool = True,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.headers = headers or {}
        self.keeps_changes = keeps_changes
        self.stored = stored
        self.details = details

    def body(self, request_log_url: str | None = None) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"{DOCUMENTATION}#{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        if request_log_url:
            error["request_log_url"] = request_log_url
        return {"error": error | self.details}


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """Return the 400 of a request that Stripe's rules refuse."""
    return ApiError(message, param=param, code=code)


def unauthorised(message: str, code: str | None = None) -> ApiError:
    """Return the 401 of a key that does not open this API."""
    headers = {"WWW-Authenticate": 'Basic realm="Stripe"'}
    return ApiError(message, status=401, code=code, headers=headers, stored=False)


def missing(kind: str, identifier: str, param: str, *, other_mode: str | None = None, path: bool = True) -> ApiError:
    """Return the error for an id that does not exist: 404 in the path, 400 in a parameter.

    ``other_mode`` ("live" or "test") names the mode in which the id does exist.
    """
    message = f"No such {kind}: '{identifier}'"
    if other_mode:
        used = "test" if other_mode == "live" else "live"
        message += (
            f"; a similar object exists in {other_mode} mode, but a {used} mode key was used to make this request."
        )
    return ApiError(message, status=404 if path else 400, code="resource_missing", param=param)
