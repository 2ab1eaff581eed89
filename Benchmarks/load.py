"""Load on a server, and what it cost. Rounds of several servers are interleaved, so that a neighbour's burst meets all of them.

The firm figure is the server's CPU time a request, from /proc/PID/task/*/schedstat over the requests that wrk counted; requests
a second and latencies depend on the machine's other work and on wrk itself.
"""
import os
import re
import shutil
import statistics
import subprocess

from servers import ROOT, fail

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = os.environ.get("BENCH_SECONDS", "2")
CORES = sorted(os.sched_getaffinity(0))


def place(server, pinned):
    """Pinned: every thread on one core, so that servers of one and of several threads have the same to spend."""
    cores = {CORES[0]} if pinned else set(CORES)
    for pid in server.processes:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), cores)


def wrk(server, target, pinned, script=()):
    """One round: CPU microseconds a request, requests a second, median latency in microseconds."""
    place(server, pinned)
    command = ["taskset", "-c", str(CORES[-1])] if pinned and len(CORES) > 1 else []
    script, arguments = (["-s", os.path.join(ROOT, "Benchmarks", script[0])], ["--", *script[1:]]) if script else ([], [])
    command += ["wrk", "-t1", "-c64", f"-d{SECONDS}s", "--latency", *script, server.base + target, *arguments]
    if os.path.exists(server.log):
        os.truncate(server.log, 0)
    before = server.cpu_ns()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = server.cpu_ns() - before
    if re.search(r"Non-2xx|Socket errors", said):
        fail(f"{server.name} {target}: not every request was answered well:\n{said}")
    requests = int(re.search(r"(\d+) requests in", said).group(1))
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", said)
    scale = {"us": 1, "ms": 1e3, "s": 1e6}[p50.group(2)]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
    return {"cpu": used / 1e3 / requests, "rate": rate, "p50": float(p50.group(1)) * scale, "requests": requests}


def build_rate(scratch):
    compiler = shutil.which("cc") or shutil.which("clang") or fail("there is no C compiler for Benchmarks/rate.c")
    program = os.path.join(scratch, "rate")
    subprocess.run([compiler, "-O2", "-o", program, os.path.join(ROOT, "Benchmarks/rate.c")], check=True)
    return program


def fixed_rate(program, server, targets, first):
    """One round at 1,000 requests a second over 16 connections, each latency from the moment the request was due."""
    place(server, False)
    run = subprocess.run([program, str(server.port), "1000", SECONDS, "16", targets, str(first)], capture_output=True, text=True)
    if run.returncode != 0:
        fail(f"{server.name} at 1,000 requests/s: {run.stderr.strip()}")
    count, p50, p99 = (float(word) for word in run.stdout.split())
    return {"p50": p50, "p99": p99, "requests": int(count)}


def rounds(measures):
    """`measures`: one function a server, by name. One uncounted, short look at each is the caller's."""
    rows = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name, measure in measures.items():
            rows[name].append(measure())
    return rows


def spread(values, form=",.0f"):
    least, most = format(min(values), form), format(max(values), form)
    return f"{format(statistics.median(values), form)} [{least}-{most}]"


def ratios(ours, theirs, key):
    """A ratio a round: what the machine did to a round it did to both."""
    return [a[key] / b[key] for a, b in zip(ours, theirs)]
