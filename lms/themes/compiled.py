"""Compiled templates, kept for the whole process.

A change of plugins builds a new app with a new template environment; without this each swap (and each test's site)
would compile the same hundred templates again.
"""

from __future__ import annotations

from collections import OrderedDict
from types import CodeType

from jinja2.bccache import Bucket, BytecodeCache

# Edited templates leave their older versions behind; a site has a few hundred.
_MOST = 2000
_kept: OrderedDict[tuple[str, str], CodeType] = OrderedDict()


class CompiledTemplates(BytecodeCache):
    """Shares code between environments by name, file and source: an edited template is another one.

    Only for environments of one class with the same extensions and options, because these are not part of the key.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        code = _kept.get((bucket.key, bucket.checksum))
        if code is not None:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is None:
            return
        _kept[bucket.key, bucket.checksum] = bucket.code
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
