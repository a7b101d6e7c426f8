"""One line per check, and a last line with the sums."""

import concurrent.futures
import contextlib
import traceback


LONGEST = 300  # characters of a reason that is said once more


class Results:
    def __init__(self):
        self.passed = self.failed = 0
        self.failures = []

    def ok(self, name):
        self.passed += 1
        print(f"ok   {name}", flush=True)

    def fail(self, name, why):
        self.failed += 1
        words = " ".join(str(why).split())
        self.failures.append(f"FAIL {name}: {words if len(words) <= LONGEST else words[:LONGEST] + '...'}")
        print(f"FAIL {name}: {why}", flush=True)

    def check(self, name, function, *arguments):
        """Passes if the function neither raises nor returns a text (the reason why not)."""
        try:
            why = function(*arguments)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__}: {error} ({last.filename.rsplit('/', 1)[-1]}:{last.lineno})"
        if why:
            self.fail(name, why)
        else:
            self.ok(name)

    @contextlib.contextmanager
    def part(self, name):
        """Of checks that belong together: what ends them all, such as a server that does not start, fails by that name
        and leaves the other parts to be looked at."""
        try:
            yield
        except Exception as error:
            traceback.print_exc()
            self.fail(name, f"ended early: {type(error).__name__}: {error}")

    @contextlib.contextmanager
    def beside(self, name, function, *arguments):
        """A check of minutes that runs while those of the block do, and whose line comes after theirs."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(function, *arguments)
            yield
            self.check(name, running.result)

    def finish(self):
        """What failed stands once more before the sums: of a log often only the end is left."""
        print("".join(line + "\n" for line in self.failures), end="")
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
