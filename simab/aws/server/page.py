"""The live page of a served account: one file, which loads nothing but the state."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["SAFE", "page"]

_FILE: Final = Path(__file__).with_name("page.html")


@cache
def page() -> bytes:
    """The page as it is sent."""
    return _FILE.read_bytes()


def _digests(tag: str) -> str:
    """The digests of what stands within a tag, for the policy that lets it run and nothing else."""
    within = re.findall(rf"<{tag}>(.*?)</{tag}>", page().decode(), re.DOTALL)
    digests = [hashlib.sha256(each.encode()).digest() for each in within]
    return " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in digests)


SAFE: Final = {
    "content-security-policy": f"default-src 'none'; script-src {_digests('script')}; "
    f"style-src {_digests('style')}; connect-src 'self'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""Headers of the page and of the control path: nothing is kept, framed or loaded from elsewhere."""
