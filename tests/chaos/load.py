"""Load for the chaos scripts: asyncio workers on keep-alive connections that note what they were told."""

import asyncio
import threading

import harness


class Background:
    """Runs a coroutine function in a thread of its own until stop(); its failures are raised there."""

    def __init__(self, main):
        self.stopping = threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._run, args=(main,), daemon=True)
        self.thread.start()

    def _run(self, main):
        try:
            asyncio.run(main(self.stopping))
        except Exception as failure:
            self.failure = failure

    def stop(self, timeout=harness.GENEROUS):
        self.stopping.set()
        self.thread.join(timeout)
        if self.failure is not None:
            raise self.failure


async def ask_forever(port, stopping, next_request, on_answer, on_failure):
    """One worker: asks until told to stop. on_answer(what, status, body); on_failure(what, why)."""
    connection = harness.AsyncConnection(port)
    while not stopping.is_set():
        what, raw = next_request()
        try:
            status, body = await connection.ask(raw)
        except (harness.Closed, OSError) as why:
            if not stopping.is_set():
                on_failure(what, str(why) or type(why).__name__)
            await asyncio.sleep(0.005)
            continue
        on_answer(what, status, body)
    connection.close()
