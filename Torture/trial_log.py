"""F20, the log's part: who reads the log may stall or its disk may be full; lines are dropped, nobody waits for them."""
import fcntl
import os
import time

from . import paths
from .healthy import Client


def full_pipe():
    """Both ends of a pipe that takes not one byte more."""
    far, near = os.pipe()
    os.set_blocking(near, False)
    fcntl.fcntl(near, fcntl.F_SETPIPE_SZ, 4096)
    try:
        while True:
            os.write(near, b"\n")
    except BlockingIOError:
        pass
    os.set_blocking(near, True)
    return far, near


def trial(house, table, options):
    table.open("a log that takes nothing", "F20")
    for name in ("a pipe that nobody reads", "/dev/full"):
        far, log = full_pipe() if name.startswith("a pipe") else (None, "/dev/full")
        house.start_service({"LOG_LEVEL": "debug"}, log=log, ready=0)
        ready = house.await_ready(10)
        table.most(f"{name}: ready", 10, ready, " s")
        if ready is not None:
            client = Client(house.port, paths.hot, rate=500)
            day = house.spare_day()
            job = house.ingest(day, paths.next_day(day), 30)
            report = client.run(1 if options.quick else 3)
            table.none(f"{name}: failures of {len(report.times)}", report.failures)
            table.row(f"{name}: an ingestion ends", "completed", job.get("status"), job.get("status") == "completed")
        start = time.monotonic()
        code = house.end_process(house.service, 11)
        table.row(f"{name}: exit code", 0, code, code == 0)
        table.most(f"{name}: ends after SIGTERM", 10, time.monotonic() - start, " s")
        house.service = None
        if far is not None:
            os.close(far)
