"""The process that `play_in_child` starts: it does one job, and answers on a pipe of its own.

Called as `python -m simab.aws.scripts.child RESULTS PARENT`, two descriptors: where the answer
goes, and one that the parent holds open as long as it lives. The job comes on standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pkgutil import resolve_name

__all__ = ["main"]


def main() -> None:
    """Do the job, and answer in one line of JSON: its result, or the traceback of its failure."""
    results, parent = (int(each) for each in sys.argv[1:])
    for descriptor in (results, parent):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    task = json.load(sys.stdin)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a script that asks its user finds the end of the file
    process = os.getpid()
    try:
        job = resolve_name(task["job"])
        answer = json.dumps({"result": job(task["options"])})
    except Exception:  # noqa: BLE001  # whatever it is, the parent is told
        answer = json.dumps({"failure": traceback.format_exc()})
    if os.getpid() == process:  # not a copy that the job has made of it
        with os.fdopen(results, "w", encoding="utf-8") as file:
            file.write(f"{answer}\n")


def _end_with_parent(parent: int) -> None:
    """End this process and all that it has started as soon as the parent is gone."""
    os.read(parent, 1)  # returns when its other end closes, which no death can prevent
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
