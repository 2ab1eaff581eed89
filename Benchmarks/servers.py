"""The servers of a benchmark: the program itself, its sandbox, and the yardsticks. Each is private and ends with the run."""
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.environ.get("BENCH_PROGRAM", os.path.join(ROOT, ".build/release/gapless"))
HUMMINGBIRD = os.path.join(ROOT, "Benchmarks/HummingbirdPeer/.build/release/HummingbirdPeer")
NOW = "2025-12-15T12:00:00-03:00"
# Fields that a server writes itself.
OWN = {"date", "server", "content-length", "connection", "transfer-encoding", "keep-alive"}


def fail(message):
    sys.exit("Benchmarks/bench: " + message)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, log, settings=None):
    """In a session of its own, and told to end with us however we end (setpriv(1), --pdeathsig)."""
    with open(log, "ab") as out:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM"] + command, stdout=out, stderr=out, start_new_session=True,
            env=dict(os.environ, **(settings or {})))


def stop(process):
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), answer.headers


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as answer:
        return json.load(answer)


def await_answer(url, process, log):
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            return fetch(url)
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    with open(log) as said:
        fail(f"{url} did not answer within a minute; its log ends:\n{said.read()[-2000:]}")


class Server:
    """One that is measured: where it answers, and whose CPU time counts."""

    def __init__(self, name, process, port, log, is_yardstick=True):
        self.name, self.process, self.port, self.log, self.is_yardstick = name, process, port, log, is_yardstick

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def path(self, target, index):
        """Yardsticks route by the path alone, so an answer's number is added to it; the query is sent to all alike."""
        if not self.is_yardstick:
            return target
        path, _, query = target.partition("?")
        return f"{path}/{index}?{query}"

    @property
    def processes(self):
        """nginx works in a child. Children of another name (the service's Postgres and Redis) are no part of the answer."""
        with open(f"/proc/{self.process.pid}/comm") as comm:
            name = comm.read().strip()
        found = [self.process.pid]
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as stat:
                    head, rest = stat.read().rsplit(")", 1)
            except OSError:
                continue
            if int(rest.split()[1]) == self.process.pid and head.split("(", 1)[1] == name:
                found.append(int(head.split(" ", 1)[0]))
        return found

    def cpu_ns(self):
        total = 0
        for pid in self.processes:
            for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
                try:
                    with open(path) as stat:
                        total += int(stat.read().split()[0])
                except OSError:
                    pass  # a thread that has ended meanwhile
        return total

    def memory(self, field):
        """kB, of its own process."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field + ":"))


def start_sandbox(scratch):
    port = free_port()
    return start([PROGRAM, "sandbox", "--port", str(port), "--seed", "1", "--clock", NOW], os.path.join(scratch, "sandbox.log")), port


def start_service(scratch, sandbox_port, redis_port, settings):
    port, log = free_port(), os.path.join(scratch, "service.log")
    process = start([PROGRAM, "serve"], log, {
        "GAPLESS_DATA_DIR": os.path.join(scratch, "data"), "GAPLESS_PORT": str(port), "GAPLESS_CLOCK": NOW, "GAPLESS_SCHEDULES": "off", "SIP_API_KEY": "sandbox",
        "SIP_BASE_URL": f"http://127.0.0.1:{sandbox_port}", "KRAKEN_BASE_URL": f"http://127.0.0.1:{sandbox_port}", "CMG_NODES": "", "REDIS_URL": f"redis://127.0.0.1:{redis_port}", **settings})
    server = Server("gapless", process, port, log, is_yardstick=False)
    await_answer(server.base + "/readyz", process, log)
    return server


def knows_access_log():
    """Whether this build has the setting at all."""
    with open(PROGRAM, "rb") as program:
        return b"GAPLESS_ACCESS_LOG" in program.read()


def start_redis(scratch):
    """Over TCP, as it is where it has a machine of its own, and with room for a whole sweep."""
    port, log = free_port(), os.path.join(scratch, "redis.log")
    binary = shutil.which("redis-server") or fail("redis-server is not installed; use make bench")
    process = start([binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory", "1gb",
                     "--dir", scratch], log)
    for _ in range(100):
        try:
            redis_fact(port, "redis_version")
            return process, port
        except OSError:
            time.sleep(0.05)
    fail("the private Redis did not start")


def redis_fact(port, name):
    """A line of INFO (redis.io/commands/info)."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"INFO\r\n")
        file = connection.makefile("rb")
        text = file.read(int(file.readline()[1:])).decode()
    return next((line.split(":", 1)[1] for line in text.splitlines() if line.startswith(name + ":")), "")


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted(text):
    """A word in which nginx looks for variables; it has no escape for the dollar sign that begins one."""
    if "$" in text:
        fail(f"nginx cannot return a field with a dollar sign: {text}")
    return literal(text)


def nginx_locations(answers):
    """A location an answer, and the variables that hold the bodies.

    A word of the configuration may have 4 kB, so a body is a row of variables; those of geo, unlike those of set or map, are plain
    texts that nginx neither evaluates nor copies before it writes them.
    """
    locations, pieces, count = "", "", 0
    for path, (body, fields) in answers.items():
        extra = "".join(
            f"add_header {name} {quoted(value)};\n" for name, value in fields.items() if name.lower() not in OWN | {"content-type"})
        text, names = body.decode(), ""
        for index in range(0, len(text), 900):
            names += f"${{piece_{count}}}"
            pieces += f"geo $piece_{count} {{ default {literal(text[index:index + 900])}; }}\n"
            count += 1
        locations += f"location = {path} {{\ndefault_type {quoted(fields['Content-Type'])};\n{extra}return 200 \"{names}\";\n}}\n"
    return locations, pieces


def start_nginx(scratch, answers, access_log):
    """`return 200` from the memory of its configuration, one worker, the same fields as ours but for those nginx writes itself."""
    folder = os.path.join(scratch, "nginx-log" if access_log else "nginx")
    os.mkdir(folder)
    port, config, log = free_port(), os.path.join(folder, "nginx.conf"), os.path.join(folder, "error.log")
    user = "user root;\n" if os.geteuid() == 0 else ""
    temps = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    locations, pieces = nginx_locations(answers)
    with open(config, "w") as out:
        out.write(
            f"daemon off;\n{user}worker_processes 1;\npid {folder}/nginx.pid;\nerror_log {log};\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\naccess_log {folder + '/access.log' if access_log else 'off'};\n"
            f"keepalive_requests 1000000000;\n{temps}{pieces}server {{\nlisten 127.0.0.1:{port};\n{locations}}}\n}}\n")
    binary = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or fail("nginx is not installed; use make bench")
    process = start([binary, "-p", folder, "-e", log, "-c", config], log)
    server = Server("nginx", process, port, folder + "/access.log")
    await_answer(server.base + next(iter(answers)), process, log)
    return server


def start_hummingbird(scratch, answers):
    """None where it is not built: then its rows are missing, and the goals that need it are said to be not measured."""
    if not os.access(HUMMINGBIRD, os.X_OK):
        return None
    files, port, log = [], free_port(), os.path.join(scratch, "hummingbird.log")
    for index, (path, (body, fields)) in enumerate(answers.items()):
        files.append(os.path.join(scratch, f"answer-{index}"))
        head = "".join(f"{name}: {value}\n" for name, value in fields.items() if name.lower() not in OWN)
        with open(files[-1], "wb") as out:
            out.write(f"{path}\n{head}\n".encode() + body)
    process = start([HUMMINGBIRD, str(port)] + files, log)
    server = Server("Hummingbird", process, port, log)
    await_answer(server.base + next(iter(answers)), process, log)
    return server
