"""What a process costs, read from /proc: memory, descriptors, threads, processor time; and who holds a connection (proc(5))."""
import os
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1 << 20


def memory(process):
    """Resident bytes."""
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def threads(process):
    return len(os.listdir(f"/proc/{process}/task"))


def processor(process):
    """Seconds of processor time so far."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def lives(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def children(process):
    with open(f"/proc/{process}/task/{process}/children") as file:
        return [int(word) for word in file.read().split()]


def held(port):
    """Ports of the peers whose connection to `port` a process still holds: once it is closed there, the row has no inode."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as file:
            next(file)
            for line in file:
                fields = line.split()
                if int(fields[1].rsplit(":", 1)[1], 16) == port and fields[3] in ("01", "08") and fields[9] != "0":
                    found.add(int(fields[2].rsplit(":", 1)[1], 16))
    return found


class Peak(threading.Thread):
    """The most of everything while it watches."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.over = process, threading.Event()
        self.memory = self.descriptors = self.threads = 0
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.memory = max(self.memory, memory(self.process))
                self.descriptors = max(self.descriptors, descriptors(self.process))
                self.threads = max(self.threads, threads(self.process))
            except OSError:
                return
            self.over.wait(0.05)

    def end(self):
        self.over.set()
        self.join()


def seconds_until(condition, limit, pause=0.05):
    """Seconds until it holds, None where it never did."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) <= limit:
        if condition():
            return passed
        time.sleep(pause)
    return None
