"""The house under trial: a sandbox, the service, and the servers behind it, in a directory of their own."""
import concurrent.futures
import datetime
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import gauge, wire
from .table import Unusable

NODES = ["DALCAHUE______110", "NVA_P.MONTT___220", "PIDPID________110"]
NOW, FROM, TO = "2025-12-15T12:00:00-03:00", "2025-08-01", "2025-12-15"

# The end of the thread that started a process counts as its parent's death (prctl(2)): this one lives as long as we do.
SPAWNER = concurrent.futures.ThreadPoolExecutor(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def runtime_directory(name):
    """Where the private servers' sockets are: named by an FNV-1a hash of the data directory's path."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"/tmp/gapless-*-{value:016x}"


class House:
    """Starts and ends all of it. `hold` keeps Postgres from being started again while the file is there.

    `clock`: what sandbox and service take for now; None where the sandbox is to be started later, by `start_sandbox`."""

    def __init__(self, program, seed, clock=NOW, name="door"):
        self.program, self.seed = program, seed
        self.scratch = tempfile.mkdtemp(prefix=f"gapless-torture-{name}-", dir="/tmp")
        os.chmod(self.scratch, 0o755)
        self.data = os.path.join(self.scratch, "data")
        os.mkdir(self.data, 0o755)
        self.hold = os.path.join(self.scratch, "hold-postgres")
        self.port, self.sandbox_port = free_port(), free_port()
        self.binaries = self.wrap_postgres()
        self.service = self.keeper = self.sandbox = None
        self.others = []
        self.spare = datetime.date.fromisoformat(FROM)
        if clock:
            self.start_sandbox(clock)

    def start_sandbox(self, clock, more=()):
        self.sandbox = self.spawn("sandbox", [
            self.program, "sandbox", "--port", str(self.sandbox_port), "--seed", str(self.seed), "--clock", clock, *more], {})

    def wrap_postgres(self):
        """Postgres' programs behind scripts: so that a killed server can be made to stay away."""
        real = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        if not real:
            raise Unusable("there is no Postgres in /usr/lib/postgresql")
        folder = os.path.join(self.scratch, "bin")
        os.mkdir(folder, 0o755)
        for name in ("postgres", "initdb"):
            path = os.path.join(folder, name)
            with open(path, "w") as script:
                script.write(f'#!/bin/sh\n[ -e {self.hold} ] && exit 1\nexec {real[-1]}/{name} "$@"\n')
            os.chmod(path, 0o755)
        return folder

    def spawn(self, name, command, settings, log=None):
        with open(log or os.path.join(self.scratch, name + ".log"), "ab") as out:
            return SPAWNER.submit(
                subprocess.Popen, ["setpriv", "--pdeathsig", "TERM"] + command, stdout=out, stderr=out, start_new_session=True,
                env=dict(os.environ, **settings)).result()

    def settings(self, more=None):
        chosen = {
            "GAPLESS_DATA_DIR": self.data, "GAPLESS_CLOCK": NOW, "GAPLESS_SCHEDULES": "off", "GAPLESS_PORT": str(self.port), "GAPLESS_PG_BIN": self.binaries,
            "SIP_BASE_URL": f"http://127.0.0.1:{self.sandbox_port}", "KRAKEN_BASE_URL": f"http://127.0.0.1:{self.sandbox_port}",
            "SIP_API_KEY": "sandbox", "CMG_NODES": ",".join(NODES),
            "RETRY_DELAY": "PT1S", "LOG_FORMAT": "json"}
        chosen.update(more or {})
        return chosen

    def start_service(self, more=None, prefix=(), arguments=(), log=None, ready=60.0):
        self.service = self.spawn("service", [*prefix, self.program, "serve", *arguments], self.settings(more), log)
        if ready and self.await_ready(ready) is None:
            raise Unusable(f"the service was not ready within {ready:g} s; see {self.scratch}/service.log")

    def start_keeper(self):
        """A second process on the same data, without a port: the servers stay while the service comes and goes."""
        self.keeper = self.spawn("keeper", [self.program, "serve", "--role", "worker"], self.settings())

    def is_ready(self):
        status, body = wire.ask(self.port, "/readyz", timeout=3)
        return status == 200 and isinstance(body, dict) and body.get("status") != "unavailable"

    def await_ready(self, seconds=60.0):
        def there():
            if self.service.poll() is not None:
                raise Unusable(f"the service ended by itself with code {self.service.returncode}; see {self.scratch}/service.log")
            return self.is_ready()
        return gauge.seconds_until(there, seconds)

    def ingest(self, begin, end, wait=120.0):
        """Asks for an ingestion and waits for its end; the job."""
        status, job = wire.ask(self.port, "/v1/ingestions", "POST", {"dataset": "cmg", "from": begin, "to": end})
        if status != 202:
            raise Unusable(f"the ingestion was refused: {status} {job}")
        return self.await_ingestion(job["id"], wait) if wait else job

    def await_ingestion(self, name, seconds=120.0):
        found = {}

        def ended():
            status, job = wire.ask(self.port, f"/v1/ingestions/{name}", timeout=10)
            if status == 200:
                found.update(job)
            return found.get("finished_at") is not None
        gauge.seconds_until(ended, seconds, 0.1)
        return found

    def fill(self):
        job = self.ingest(FROM, TO)
        if job.get("status") != "completed":
            raise Unusable(f"the store could not be filled: {job}")

    def spare_day(self):
        """A day that nothing was fetched of yet."""
        self.spare -= datetime.timedelta(days=1)
        return self.spare.isoformat()

    def faults(self, **changes):
        status, said = wire.ask(self.sandbox_port, "/_sandbox/faults", "PUT", changes)
        if status != 200:
            raise Unusable(f"the sandbox does not take faults: {said}")

    def postgres(self):
        """The postmaster's process id, None while there is none."""
        try:
            with open(os.path.join(self.data, "postgres/postmaster.pid")) as file:
                process = int(file.readline())
        except (OSError, ValueError):
            return None
        return process if gauge.lives(process) else None

    def postgres_socket(self):
        return glob.glob(runtime_directory(os.path.realpath(self.data)))[0]

    def redis(self):
        for path in glob.glob(runtime_directory(os.path.realpath(self.data) + "#redis") + "/redis.pid"):
            with open(path) as file:
                return int(file.readline())
        return None

    def psql_command(self):
        return ["psql", "-XAtq", "-d", f"host={self.postgres_socket()} port=5432 user=gapless dbname=gapless"]

    def psql(self, *statements, wait=True):
        """Runs statements on one connection of its own; with `wait` false the process that does so."""
        command = self.psql_command()
        for statement in statements:
            command += ["-c", statement]
        if not wait:
            return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise Unusable(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def end_process(self, process, patience=40.0):
        """SIGTERM, then SIGKILL; the exit code, None where it had to be killed."""
        if process is None or process.poll() is not None:
            return 0
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def stop_service(self):
        if self.end_process(self.service) is None:
            raise Unusable("the service did not end within 40 s of SIGTERM")
        self.service = None

    def stop(self):
        """Ends all that was started; what outlives the service although it was asked to end is named."""
        if os.path.exists(self.hold):
            os.unlink(self.hold)
        left = []
        servers = {"postgres": self.postgres(), "redis": self.redis()}
        others = [("other", each) for each in self.others]
        for name, process in [("service", self.service), ("keeper", self.keeper), *others, ("sandbox", self.sandbox)]:
            if self.end_process(process) is None:
                left.append(f"{name} did not end within 40 s of SIGTERM")
        time.sleep(0.2)
        for kind, process in servers.items():
            if process and gauge.lives(process):
                left.append(f"{kind} (process {process}) outlived the service")
                os.kill(process, signal.SIGQUIT if kind == "postgres" else signal.SIGKILL)
        return left

    def remove(self):
        for name in (os.path.realpath(self.data), os.path.realpath(self.data) + "#redis"):
            for path in glob.glob(runtime_directory(name)):
                shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
