"""A house whose Postgres and Redis are nobody's children: ours, so that every process of the service may be killed."""
import glob
import os
import signal
import subprocess

from . import gauge
from .house import House, free_port
from .table import Unusable


class SharedHouse(House):
    """Postgres and Redis of its own on ports of this machine; the processes of the service are told their addresses."""

    def __init__(self, program, seed, clock, name):
        super().__init__(program, seed, clock, name)
        self.postgres_port, self.redis_port = free_port(), free_port()
        self.servers = {}
        self.start_servers()

    def start_servers(self):
        bin_folder = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))[-1]
        cluster = os.path.join(self.scratch, "cluster")
        os.mkdir(cluster, 0o700)
        # Postgres refuses to be root's (initdb(1)).
        account = []
        if os.geteuid() == 0:
            account = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
            subprocess.run(["chown", "postgres:postgres", cluster], check=True)
        done = subprocess.run(
            [*account, f"{bin_folder}/initdb", "-D", cluster, "-U", "gapless", "-A", "trust", "-E", "UTF8", "--locale=C"],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise Unusable(f"initdb: {done.stderr.strip()}")
        self.servers["postgres"] = self.spawn("postgres", [
            *account, f"{bin_folder}/postgres", "-D", cluster, "-p", str(self.postgres_port), "-h", "127.0.0.1", "-k", ""], {})
        redis = os.path.join(self.scratch, "redis")
        os.mkdir(redis)
        self.servers["redis"] = self.spawn("redis", [
            "redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", redis, "--save", ""], {})
        made = f"host=127.0.0.1 port={self.postgres_port} user=gapless dbname=postgres"
        if gauge.seconds_until(lambda: self.created(made), 30, 0.2) is None:
            raise Unusable("Postgres does not come up within half a minute")

    def created(self, address):
        return subprocess.run(["psql", "-XAtq", "-d", address, "-c", "create database gapless"], capture_output=True).returncode == 0

    def settings(self, more=None):
        return super().settings({
            "DATABASE_URL": f"postgresql://gapless@127.0.0.1:{self.postgres_port}/gapless",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}", **(more or {})})

    def psql_command(self):
        return ["psql", "-XAtq", "-d", f"host=127.0.0.1 port={self.postgres_port} user=gapless dbname=gapless"]

    def postgres(self):
        process = self.servers.get("postgres")
        return process.pid if process and process.poll() is None else None

    def redis(self):
        process = self.servers.get("redis")
        return process.pid if process and process.poll() is None else None

    def stop(self):
        servers, self.servers = self.servers, {}
        left = super().stop()
        for name, how in (("postgres", signal.SIGINT), ("redis", signal.SIGTERM)):
            if name in servers and servers[name].poll() is None:
                servers[name].send_signal(how)
                if gauge.seconds_until(lambda name=name: servers[name].poll() is not None, 20, 0.1) is None:
                    servers[name].kill()
                    servers[name].wait()
                    left.append(f"{name} did not end within 20 s")
        return left
