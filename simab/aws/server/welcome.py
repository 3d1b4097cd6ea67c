"""Who may ask a server: by which names, from which pages, and with which token."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from simab.aws.errors import ServiceError

__all__ = ["LOOPBACK", "Welcome", "is_loopback"]

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_DEFAULT_PORT: Final = 80
_OTHER_SITES: Final = ("cross-site", "same-site")  # another port of this machine is the same site


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who is answered.

    A page of somebody else's that a browser shows may know the address of the server, but it comes
    with a Host or an Origin of its own; and where it only loads something, such as an image, the
    browser says in Sec-Fetch-Site that it does so for another site.

    Args:
        hosts: the names by which the server may be asked; any where it is None.
        token: what all paths begin with, where it is not empty.
    """

    hosts: frozenset[str] | None = LOOPBACK
    token: str = ""

    def require(self, headers: Mapping[str, str], *, page: bool = False) -> None:
        """Refuse a request by its headers, whose names are in lower case.

        Whoever asks for the live page, `page`, may follow a link to it from elsewhere.

        Raises:
            ServiceError: it asks for another host, or comes from a page of another server.
        """
        host = _place(f"//{headers.get('host', '')}")
        if not host[0] or (self.hosts is not None and host[0] not in self.hosts):
            raise ServiceError("AccessDeniedException", "This Host is not served here.", 403)
        origin = headers.get("origin")
        if origin is not None and (_place(origin) != host or not origin.startswith("http://")):
            raise ServiceError("AccessDeniedException", "This Origin may not ask.", 403)
        if headers.get("sec-fetch-site") in _OTHER_SITES:
            followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
            if not page or followed != ("navigate", "document"):
                raise ServiceError("AccessDeniedException", "Another site may not ask.", 403)

    def path_within(self, path: str) -> str | None:
        """The path after the token; None where it does not begin with it."""
        if not self.token:
            return path
        first, _, rest = path.removeprefix("/").partition("/")
        right = secrets.compare_digest(first.encode(), self.token.encode())
        return f"/{rest}" if right else None


def _place(url: str) -> tuple[str, int]:
    """Host and port of an address; no host where it cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or _DEFAULT_PORT
    except ValueError:
        return "", 0
