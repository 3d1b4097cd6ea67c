"""What a rehearsed script cannot use, by the name of each function, and what to do instead."""

from __future__ import annotations

from typing import Final

__all__ = ["PROCESSES", "REFUSED", "TIMER_DUE", "WAITING_FOR_FILES", "WITHOUT_TIMEOUT"]

_THREADS: Final = (
    "threads are not simulated: a rehearsed script runs alone in simulated time; "
    "call the clients one after the other"
)
_EXECUTORS: Final = (
    "executors of concurrent.futures are not simulated: a rehearsed script runs alone in "
    "simulated time; call the clients one after the other, in a plain loop"
)
PROCESSES: Final = (
    "processes of its own are not simulated: they would live in real time and could reach the "
    "real services; call the clients from the script itself"
)
_LOOPS: Final = (
    "event loops of asyncio are not simulated: a rehearsed script runs alone in simulated time; "
    "call the clients one after the other, and wait with time.sleep"
)
_SIGNALS: Final = (
    "timers and waits of signals are not simulated: they would run in real time; "
    "compare time.monotonic() with a deadline, and wait with time.sleep"
)
_CONNECTIONS: Final = (
    "network connections are not simulated: a rehearsed script must not reach anything real; "
    "call the services through boto3 clients, and leave out or replace other calls"
)
WAITING_FOR_FILES: Final = (
    "waiting for files and connections is not simulated: it would be in real time; "
    "read files at once, and wait with time.sleep"
)
TIMER_DUE: Final = (
    "a threading.Timer is due that was not cancelled, and threads are not simulated: wait with "
    "time.sleep and call its function"
)
WITHOUT_TIMEOUT: Final = (
    "waiting for another thread is not simulated: a rehearsed script runs alone in simulated "
    "time, so that nobody would wake it; wait with a timeout, or with time.sleep"
)

# Full name of each function: why it is refused. Where a platform lacks one, nobody can call it.
REFUSED: Final = {
    "threading.Thread.start": _THREADS,
    "_thread.start_new_thread": _THREADS,
    "_thread.start_joinable_thread": _THREADS,
    "concurrent.futures.thread.ThreadPoolExecutor.submit": _EXECUTORS,
    "concurrent.futures.process.ProcessPoolExecutor.submit": _EXECUTORS,
    "multiprocessing.process.BaseProcess.start": PROCESSES,
    "subprocess.Popen.__init__": PROCESSES,
    "os.fork": PROCESSES,
    "os.forkpty": PROCESSES,
    "os.posix_spawn": PROCESSES,
    "os.posix_spawnp": PROCESSES,
    "os.execv": PROCESSES,
    "os.execve": PROCESSES,
    "os.system": PROCESSES,
    "asyncio.run": _LOOPS,
    "asyncio.Runner.run": _LOOPS,
    "asyncio.base_events.BaseEventLoop.run_forever": _LOOPS,
    "asyncio.base_events.BaseEventLoop.run_until_complete": _LOOPS,
    "signal.alarm": _SIGNALS,
    "signal.setitimer": _SIGNALS,
    "signal.pause": _SIGNALS,
    "signal.sigwait": _SIGNALS,
    "signal.sigwaitinfo": _SIGNALS,
    "signal.sigtimedwait": _SIGNALS,
    "socket.socket.connect": _CONNECTIONS,
    "socket.socket.connect_ex": _CONNECTIONS,
    "socket.socket.sendto": _CONNECTIONS,
    "socket.getaddrinfo": _CONNECTIONS,
    "select.poll": WAITING_FOR_FILES,
    "select.epoll": WAITING_FOR_FILES,
}
