"""What the figures were measured on: processor, system, versions, and how busy it was."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import simab

__all__ = ["facts", "load_average"]

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "pandas", "pydantic", "simpy", "cimba", "ciw")


def facts() -> dict[str, str]:
    """Name and value; never the name of the host or of a folder."""
    return {
        "processor": _processor(),
        "cores": str(_cores()),
        "system": f"{_distribution()}, {platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "simab": simab.__version__,
        **{name: _version(name) for name in PACKAGES},
    }


def load_average() -> str:
    """Processes that wanted to run over the last minute: more than the cores is a busy machine."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        if found:
            return found.group(1).strip()
    return platform.processor() or platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform(terse=True)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
