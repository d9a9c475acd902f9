"""Runs the local AWS for as long as whoever started this holds its standard input open.

    python supervise.py <state folder>

The server gets a session of its own, so that every process it starts (a function's runtime, say) can be ended with it.
When standard input ends, for whatever reason (a stop, Ctrl-C, a crash, kill -9), the whole session is ended and the
state folder removed: nothing is left. The exit code is the server's if it ended by itself.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time


def end_session(pid):
    """Ends a session's process group, at once: nothing in it is to be saved."""
    try:
        while True:
            os.killpg(pid, signal.SIGKILL)
            # The leader is our child: until it is reaped, it keeps the group in being.
            server.poll()
            time.sleep(0.01)
    except (ProcessLookupError, PermissionError):
        pass


def watch():
    while sys.stdin.buffer.read(4096):
        pass
    let_go.set()


# A signal for the terminal's foreground group, or a plain kill, must not end the supervisor before the server.
let_go = threading.Event()
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: let_go.set())

state = sys.argv[1]
# The server hands its environment to the functions: its own log level, once read, must not become theirs.
start = "from ministack.app import main; import os; os.environ.pop('LOG_LEVEL', None); main()"
server = subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.DEVNULL, start_new_session=True, cwd=state)
threading.Thread(target=watch, daemon=True).start()
while not let_go.wait(0.05) and server.poll() is None:
    pass
ended_itself = server.poll()
end_session(server.pid)
shutil.rmtree(state, ignore_errors=True)
# Not sys.exit: the watching thread holds the lock of standard input.
os._exit(0 if ended_itself is None else ended_itself or 1)
