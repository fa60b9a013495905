"""Bytes and JSON between this machine and a portal; no dataset is known here.

``transport`` is the way there and back; each of its concerns has a file: ``addresses``, ``auth``, ``session``,
``redirects``, ``punctual``, ``line``, ``bodies``, ``answers``, ``failures``, ``retries``, ``deadline``, ``slots``,
``quota``, ``cache``, ``download``, ``telling``.
"""

from bdxopendata.transport.line import CutError, Line
from bdxopendata.transport.quota import Quota, last_quota
from bdxopendata.transport.transport import Transport

__all__ = ["CutError", "Line", "Quota", "Transport", "last_quota"]
