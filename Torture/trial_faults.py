"""One fault alone, from before the first request; then its end, and what it must not have left behind."""
import threading
import time

from . import faults


def trial(stage, changes):
    stage.faults(**changes)
    # What a fault holds up may go on when it is over.
    stage.round(patience=30, may_last=True)
    for _ in range(3 if stage.speed > 1000 else 0):
        # Days pass: what was not there is asked for when its distance is over.
        time.sleep(12)
        stage.round(patience=30, may_last=True)
    if stage.house.service.poll() is not None:
        stage.found["died"].append(f"the service ended with {stage.house.service.returncode}")
    stage.finish()


def mixed(stage):
    """Faults that change while ingestions run: every few moments another mix."""
    over = threading.Event()

    def shift():
        while not over.wait(stage.dice.uniform(0.3, 2)):
            stage.other_faults(faults.mix(stage.dice))
    stage.other_faults(faults.mix(stage.dice))
    hand = threading.Thread(target=guarded, args=(stage, shift), daemon=True)
    hand.start()
    try:
        for _ in range(2):
            stage.round(patience=30, may_last=True)
    finally:
        over.set()
        hand.join()
    stage.finish()


def guarded(stage, work):
    try:
        work()
    except Exception as error:  # noqa: BLE001 - a thread's failure must not pass for success
        stage.found["trial"].append(repr(error))
