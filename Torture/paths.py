"""What is asked for, and what the answer must hold."""
import datetime
import json
import random

from . import wire
from .house import FROM, NODES, TO
from .table import Unusable

HOT = [f"/v1/cmg/history?node={node}&source=online&from=2025-12-0{day}&to=2025-12-0{day + 1}" for node in NODES for day in range(1, 9)]
LARGEST = f"/v1/cmg/history?source=online&from={FROM}&to={TO}&limit=10000"


class Truth:
    """The whole history as one answer told it before anything was broken; and questions whose answers follow from it."""

    def __init__(self, port):
        self.rows = {}
        for node in NODES:
            status, page = wire.ask(port, f"/v1/cmg/history?node={node}&source=online&from={FROM}&to={TO}&limit=10000")
            if status != 200 or page["next_cursor"] is not None or page["coverage"]["missing"]:
                raise Unusable(f"no whole history of {node}: {status}")
            self.rows[node] = page["data"]

    def questions(self, seed):
        """Without end, hardly ever one twice: (path, judge of its body)."""
        dice = random.Random(seed)
        while True:
            node = dice.choice(NODES)
            begin = dice.randrange(len(self.rows[node]) - 200)
            end = begin + dice.randrange(12, 96)
            rows = self.rows[node]
            first, last = rows[begin]["datetime"], rows[end]["datetime"]
            path = f"/v1/cmg/history?node={node}&source=online&from={first}&to={last}".replace("+", "%2B")
            yield path, lambda body, wanted=rows[begin:end]: None if json.loads(body)["data"] == wanted else "wrong rows"


def hot(_seed=0):
    """The cached answers again and again; the judge sees that each is an answer to its own question."""
    while True:
        for path in HOT:
            mark = path.split("node=")[1].split("&")[0].encode()
            yield path, lambda body, mark=mark: None if body.startswith(b'{"dataset":"cmg","node":"' + mark) else "another answer"


def next_day(day):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat()
