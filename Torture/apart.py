"""Work that is done in a process of its own, so that nothing here disturbs its clock, nor it anything here."""
import multiprocessing

FORK = multiprocessing.get_context("fork")


class Apart:
    """`_work(sender)` is to run there, until `self.over` is set where it does not end by itself; the last that it sends is found."""

    def _begin(self):
        self.over = FORK.Event()
        self.receiver, sender = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=self._work, args=(sender,), daemon=True)
        self.process.start()
        sender.close()

    def _found(self):
        """What was sent; waits for it."""
        found = self.receiver.recv()
        self.process.join()
        return found
