"""Runs a script in the time of `simab serve`: its clock is the server's, its sleep passes there.

    AWS_ENDPOINT_URL=http://127.0.0.1:4599 python over_http.py walk_through.py

The script is not changed, and needs no simab. Where the server has a speed, sleep is shorter in
real time by as much; else each asks the server to let time pass.
"""

from __future__ import annotations

import datetime as real_datetime
import http.client
import json
import os
import runpy
import sys
import time as real_time
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import boto3  # noqa: F401  # it keeps the real clocks, by which it waits for answers
import botocore.waiter

SINCE_BOOT_NS = 86_400 * 10**9
"""What `time.monotonic` shows at the start."""


class ServedTime:
    """The time of a server, at its control path."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._speed = self.state()["speed"]

    def state(self) -> Any:
        """What is so on the server."""
        return self._ask("GET", "state", None)

    def sleep(self, seconds: float) -> None:
        """As `time.sleep`."""
        if self._speed:
            real_time.sleep(seconds / self._speed)
        else:
            self._ask("POST", "advance", json.dumps({"seconds": seconds}))

    def now(self, zone: real_datetime.tzinfo | None = None) -> real_datetime.datetime:
        """As `datetime.now`; the local time zone is UTC."""
        date = real_datetime.datetime.fromisoformat(self.state()["now"])
        return date.astimezone(zone) if zone else date.replace(tzinfo=None)

    def monotonic_ns(self) -> int:
        """As `time.monotonic_ns`."""
        return SINCE_BOOT_NS + round(self.state()["seconds"] * 1e9)

    def _ask(self, method: str, path: str, body: str | None) -> Any:
        connection = http.client.HTTPConnection(self._parts.netloc)
        connection.request(method, f"{self._parts.path.rstrip('/')}/_simab/{path}", body)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        if response.status != 200:
            raise SystemExit(f"{path}: {answer['message']}")
        return answer


def clocks(served: ServedTime) -> dict[str, ModuleType]:
    """The modules `time` and `datetime` as a script is to find them."""
    utc = real_datetime.UTC

    class Date(real_datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return served.now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            return served.now()

    time, datetime = ModuleType("time"), ModuleType("datetime")
    vars(time).update(
        vars(real_time)
        | {
            "sleep": served.sleep,
            "time": lambda: served.now(utc).timestamp(),
            "monotonic_ns": served.monotonic_ns,
            "monotonic": lambda: served.monotonic_ns() / 1e9,
            "perf_counter": lambda: served.monotonic_ns() / 1e9,
        }
    )
    vars(datetime).update(vars(real_datetime) | {"datetime": Date})
    return {"time": time, "datetime": datetime}


if __name__ == "__main__":
    script = Path(sys.argv[1])
    served = clocks(ServedTime(os.environ["AWS_ENDPOINT_URL"]))
    sys.modules.update(served)
    botocore.waiter.time = served["time"]  # get_waiter(...) sleeps between two looks
    sys.argv, sys.path[0] = sys.argv[1:], str(script.resolve().parent)
    runpy.run_path(str(script), run_name="__main__")
