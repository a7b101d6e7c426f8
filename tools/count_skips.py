#!/usr/bin/env python3
"""What a run left out: one line for each test of a log that says skipped, its name and why. For tools/run_tests.sh.

  tools/count_skips.py LOG

Reads what GoogleTest prints, and lines of scripts such as `skipped HSM: SoftHSM2 is not installed`. Left out of it is what
could not be otherwise whatever is installed here.
"""
import pathlib
import re
import sys

# A test of these has no work in this parameter or build, or has its turn elsewhere (AwsPeer: among the peers).
NOTHING_TO_DO = ("this engine forgets", "the seeds are lived through in another share", "this allocator does not tell",
                 "not in this library", "no SIGNET_AWS_PEER is running")
OF_GOOGLETEST = re.compile(r"\[  SKIPPED \] (\S+) \(\d+ ms\)")
OF_SCRIPT = re.compile(r"(?:# )?(?:(?P<before>\w[\w ]*) skipped|skip(?:ped)?(?: (?P<after>[^:]+))?): (?P<why>.+)")
SECTION = re.compile(r"== (\w+)")


def skips_in(text):
    """(name, why) in the order of the log; the name is empty where the script names none."""
    found, said, section = [], [], ""
    for line in text.splitlines():
        of_googletest = OF_GOOGLETEST.fullmatch(line)
        of_script = OF_SCRIPT.fullmatch(line)
        if line.startswith("[ RUN      ]"):
            said = []
        elif of_googletest:
            why = " ".join(words for words in said if words and not words.endswith(": Skipped"))
            found.append((of_googletest[1], why.removeprefix("skipped: ")))
        elif SECTION.fullmatch(line):
            section = SECTION.fullmatch(line)[1]
        elif of_script and not said:
            found.append((of_script["before"] or of_script["after"] or section, of_script["why"]))
        elif line.endswith(": Skipped") or said:
            said.append(line)
    return [(name, why) for name, why in found if not any(words in why for words in NOTHING_TO_DO)]


def main():
    for name, why in skips_in(pathlib.Path(sys.argv[1]).read_text(errors="replace")):
        print(": ".join(words for words in (name, why) if words))


if __name__ == "__main__":
    main()
