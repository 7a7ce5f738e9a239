"""What went wrong, in the words of the person who reads it."""

from __future__ import annotations


class Problem(Exception):
    """A refusal that a person can do something about.

    ``sentence`` says what is wrong, ``next_step`` what to do (both for people, already translated);
    ``status`` is the HTTP status that a page answers with.
    """

    status = 400

    def __init__(self, sentence: str, *, next_step: str = "", status: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = str(sentence)
        self.next_step = str(next_step)
        if status is not None:
            self.status = status


class NotFound(Problem):
    """The thing does not exist, or the person may not know that it does."""

    status = 404


class Forbidden(Problem):
    """The person is known and may not do this."""

    status = 403


class Conflict(Problem):
    """Somebody else changed the thing meanwhile, or it is in a state that does not allow this."""

    status = 409


class Unavailable(Problem):
    """Something outside does not answer; trying again later makes sense."""

    status = 503
