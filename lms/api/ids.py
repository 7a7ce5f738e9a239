"""Random names: secret tokens, and ids that are no secret."""

from lms.base.ids import new_token, short_id, token_hash

__all__ = ["new_token", "short_id", "token_hash"]
