"""Every refusal as a page: what is wrong, and what to do."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, make_response, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from lms.base.problem import Problem
from lms.db import rollback
from lms.web.limits import TooMany
from lms.web.page import render

log = logging.getLogger("lms.web")


def _sentences(status: int) -> tuple[str, str]:
    known = {
        400: (_("This request cannot be read."), _("Go back, reload the page and try again.")),
        401: (_("Sign in first."), _("Then open the page again.")),
        403: (_("Your account may not open this page."), _("Ask an owner of the site for the right role.")),
        404: (_("There is no page at this address."), _("It may have moved. The courses are a good place to start.")),
        405: (_("This address cannot be used that way."), _("Go back and use the button on the page.")),
        413: (_("That is too large."), _("Send a smaller file.")),
        429: (_("That was too often in a short time."), _("Wait a moment, then try again.")),
        503: (_("The site is busy for a moment."), _("Reload the page in a few seconds.")),
    }
    return known.get(status, (_("Something went wrong on our side."), _("Reload the page. If it stays, tell us.")))


def page(status: int, sentence: str, next_step: str = "") -> Any:
    """The error page with its status; plain text for who does not want HTML."""
    if request.accept_mimetypes.best_match(["text/html", "text/plain"]) == "text/plain":
        response = make_response(f"{sentence}\n{next_step}\n", status)
        response.mimetype = "text/plain"
        return response
    return make_response(
        render("web/error.html", status=status, title=sentence, sentence=sentence, next_step=next_step), status
    )


def _on_http(error: HTTPException) -> Any:
    rollback()
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    status = error.code or 500
    response = page(status, *_sentences(status))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _on_csrf(_error: CSRFError) -> Any:
    rollback()
    return page(
        400, _("This form was open for too long, or it was not sent from this site."),
        _("Go back, reload the page and send it again."),
    )  # fmt: skip


def _on_problem(problem: Problem) -> Any:
    rollback()
    response = page(problem.status, problem.sentence, problem.next_step)
    if isinstance(problem, TooMany):
        response.headers["Retry-After"] = str(problem.retry_after)
    elif problem.status == 503:
        response.headers["Retry-After"] = "30"
    return response


def _on_database(error: DBAPIError) -> Any:
    """A lost database heals by itself: 503, so that whoever asks tries again."""
    rollback_quietly()
    if not (error.connection_invalidated or type(error).__name__ in {"OperationalError", "InterfaceError"}):
        raise error
    log.error("database: %s", error)
    # Not translated: the language stands in the database.
    response = make_response("The site is busy for a moment. Reload the page in a few seconds.\n", 503)
    response.mimetype = "text/plain"
    response.headers["Retry-After"] = "5"
    return response


def rollback_quietly() -> None:
    """Roll back; with the database gone there is nothing to roll back, and that is what we are reporting."""
    try:
        rollback()
    except DBAPIError as error:
        log.info("nothing to roll back: %s", error)


def _on_anything(error: Exception) -> Any:
    rollback_quietly()
    log.exception("unhandled error at %s %s", request.method, request.path, exc_info=error)
    response = make_response("Something went wrong on our side. Reload the page. If it stays, tell us.\n", 500)
    response.mimetype = "text/plain"
    return response


def init_app(app: Flask) -> None:
    """Answer errors with pages. In tests an unexpected exception is raised instead of answered."""
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Problem, _on_problem)
    app.register_error_handler(DBAPIError, _on_database)
    app.register_error_handler(500, _on_anything)
