"""A private Postgres with the program's own settings, stores of it for each round, and commands on them with what they took."""
import glob
import os
import pwd
import re
import resource
import shutil
import subprocess
import time
import urllib.parse

from servers import PROGRAM, fail

# As the program starts its own (Sources/PrivateServers/PostgresCluster.swift), and as durable.
SETTINGS = {
    "listen_addresses": "", "unix_socket_permissions": "0777", "port": "5432", "shared_buffers": "128MB", "work_mem": "16MB",
    "maintenance_work_mem": "128MB", "wal_compression": "on", "max_wal_size": "2GB", "checkpoint_timeout": "15min",
    "random_page_cost": "1.1", "jit": "off", "timezone": "UTC", "log_timezone": "UTC", "log_min_duration_statement": "50"}


class Took:
    """Seconds on the wall, and of the command's own CPU (getrusage(2) of what was waited for: the server is no child of it)."""

    def __init__(self, wall, cpu, said="", code=0):
        self.wall, self.cpu, self.said, self.code = wall, cpu, said, code


def run(command, codes=(0,), settings=None, source=None):
    """Runs a command to its end; its input is the file `source`."""
    environment = {name: value for name, value in os.environ.items() if not re.match("GAPLESS_|KRAKEN_|CMG_|SIP_|DATABASE_|REDIS_", name)}
    environment.update(settings or {})
    with open(source or os.devnull, "rb") as given:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, stdin=given, capture_output=True, env=environment)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        fail(f"{' '.join(command)[:300]} ended with {done.returncode}: {done.stderr.decode()[-1500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall, cpu, done.stdout.decode(), done.returncode)


class Postgres:
    def __init__(self, scratch):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        if not found:
            fail("there is no Postgres in /usr/lib/postgresql")
        self.binaries, self.home, self.sockets = found[-1], os.path.join(scratch, "postgres"), os.path.join(scratch, "sockets")
        self.version = run([self.binaries + "/postgres", "--version"]).said.split()[2]
        self.account = []
        for path in (self.home, self.sockets):
            os.mkdir(path, 0o700 if path == self.home else 0o755)
        if os.geteuid() == 0:  # Postgres refuses to run as root
            entry = pwd.getpwnam("postgres")
            self.account = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
            for path in (self.home, self.sockets):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        run(["setpriv", *self.account, "--", self.binaries + "/initdb", "-D", self.home, "-U", "gapless", "-E", "UTF8", "--locale=C",
             "--auth-local=trust", "--auth-host=reject", "--no-sync"])
        settings = {**SETTINGS, "unix_socket_directories": self.sockets}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.log = os.path.join(scratch, "postgres.log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", *self.account, "--pdeathsig", "INT", "--", self.binaries + "/postgres", "-D", self.home, *words],
                stdout=log, stderr=log, start_new_session=True)
        for _ in range(300):
            if subprocess.run(["psql", "-XAtqc", "select", self.conninfo("postgres")], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        fail("the private Postgres does not start")

    def conninfo(self, store):
        return f"postgresql://gapless@/{store}?host={urllib.parse.quote(self.sockets, safe='')}"

    def stop(self):
        """Fast shutdown (Postgres manual 19.5)."""
        self.process.send_signal(2)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def psql(self, store, *statements, source=None):
        words = [word for statement in statements for word in ("-c", statement)]
        return run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.conninfo(store), *words], source=source)

    def tell(self, store, statement):
        return self.psql(store, statement).said.strip()

    def timed(self, store, statement, times=5):
        """Milliseconds of a statement by psql's clock, in one session, the first look not counted; and what it said."""
        words = ["-c", statement, "-c", r"\timing on"] + ["-c", statement] * times
        said = run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.conninfo(store), *words]).said
        return [float(number) for number in re.findall(r"^Time: ([\d.]+) ms", said, re.M)], said.split("\n", 1)[0]

    def gapless(self, store, clock, *words, codes=(0, 3)):
        return run([PROGRAM, *words], codes, {"DATABASE_URL": self.conninfo(store), "GAPLESS_CLOCK": clock})

    def log_place(self):
        return os.path.getsize(self.log)

    def seconds_of(self, beginning, place):
        """What the server says of statements that begin so, since its log was so long."""
        with open(self.log) as log:
            log.seek(place)
            found = re.findall(r"duration: ([\d.]+) ms  statement: " + re.escape(beginning), log.read())
        return sum(float(number) for number in found) / 1000

    def make(self, store, template="template0"):
        self.psql("postgres", f"drop database if exists {store}", f"create database {store} template {template}")

    def drop(self, store):
        self.psql("postgres", f"drop database if exists {store}")

    def checkpoint(self):
        self.psql("postgres", "checkpoint")

    def table_like(self, store, table, name):
        """The table's own definition under another name: columns, checks, primary key, functions and triggers."""
        dump = run([self.binaries + "/pg_dump", "--schema-only", "--no-owner", "--table", table, self.conninfo(store)]).said
        functions = self.tell(store, f"""
            select string_agg(pg_get_functiondef(p.oid) || ';', E'\\n') from pg_proc p where p.proname like '{table}\\_%'""")
        # A view of it is no part of the table; the trigger that is on series is (rows go with their series).
        others = self.tell(store, f"""
            select string_agg(pg_get_triggerdef(t.oid) || ';', E'\\n') from pg_trigger t
            where t.tgrelid = 'series'::regclass and t.tgname like '{table}\\_%'""")
        text = functions + "\n" + "\n".join(
            line for line in dump.splitlines() if not line.startswith(("SET ", "SELECT pg_catalog", "\\"))) + "\n" + others
        return text.replace(table, name)


def free(path):
    shutil.rmtree(path, ignore_errors=True)
