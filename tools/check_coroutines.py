#!/usr/bin/env python3
"""Fails when a coroutine keeps what may be gone when it goes on.

Usage: check_coroutines.py [ROOT]   (ROOT is the project's folder; default: this file's parent)

A coroutine takes its parameters by value, or by reference to something that outlives every request: the types of LONG_LIVED. A view
or a reference to anything else lives as long as the caller's statement, and a capture as long as the lambda: both may be over at
the first co_await. What is held by the coroutine that awaits this one is named in HELD, with the reason. Tests are left out: there
the test's own frame waits for the end. A lock that is held where a coroutine waits is a fault of its own.
"""
import pathlib
import re
import sys

# What is made before the first request and goes after the last one, or lives as long as the worker, store or connection whose
# coroutines these are.
LONG_LIVED = {
    "AdminServices", "Services", "Storage", "Clock", "KeeperOptions", "RealmDirectory",  # the server's
    "Route",  # of the router's table
    "WorkerState",  # of an event loop
    "Deadlines", "AskingAhead",  # of the keeper, around its stores
    "Exchange",  # of the connection, which waits for the task it was given
}
# "file: function(parameter)": why it lives long enough.
_AWAITED = "of the coroutine that awaits this one"
_LITERAL = "a literal"
HELD = {
    "src/admin/mapping_change.cc: keys_that_leave(asked)": _AWAITED,
    "src/admin/resource_server_transaction.cc: ResourceServerTransaction::move_direct_keys(before)": _AWAITED,
    "src/admin/resource_server_transaction.cc: ResourceServerTransaction::move_direct_keys(after)": _AWAITED,
    "src/secrets/stores/google/kms_client.cc: KmsClient::post(verb)": _LITERAL,
    "src/secrets/stores/google/kms_client.cc: KmsClient::sign_once(verified)": _LITERAL,
    "src/secrets/stores/google/kms_client.cc: KmsClient::decrypt_once(verb)": _LITERAL,
    "src/storage/memory/memory_storage.cc: denials_since(last_row)": _AWAITED,
    "src/storage/postgres/postgres_storage.cc: denials_since(last_row)": _AWAITED,
    "src/storage/sqlite/sqlite_storage.cc: denials_since(last_row)": _AWAITED,
}

TESTS = re.compile(r"(_test\.cc|test_support\.(cc|h)|_contract\.(cc|h)|(test|fake)_\w+\.h)$")
VIEWS = re.compile(r"\b(string_view|ByteView|ByteSpan|u?span|initializer_list|function_ref)\b")
CODE = re.compile(r"""R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/""", re.S)
RETURNS = re.compile(r"\b(?:Task|awaitable)\s*<")
LAMBDA = re.compile(r"\[([^\[\]]*)\]\s*(?=\(|mutable|->|\{)")
LOCK = re.compile(r"\b(?:lock_guard|scoped_lock|unique_lock|shared_lock)\b\s*(?:<[^<>;]*(?:<[^<>;]*>)?[^<>;]*>)?\s*\w+\s*[({]")
WAITS = re.compile(r"\bco_(?:await|return|yield)\b|\bCO_TRY\b")


def blanked(text):
    """The code with comments and literals as blanks, so that places and lines stay."""
    return CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def closing(text, at):
    """The place of the bracket that closes the one at `at`."""
    pairs = {"(": ")", "{": "}", "<": ">", "[": "]"}
    opening, ending, depth = text[at], pairs[text[at]], 0
    for place in range(at, len(text)):
        if text[place] == opening:
            depth += 1
        elif text[place] == ending and not (ending == ">" and text[place - 1] == "-"):
            depth -= 1
            if depth == 0:
                return place
    return None


def split_parameters(text):
    """At commas that no bracket encloses; default values are dropped."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        if sign in "(<{[":
            depth += 1
        elif sign in ")>}]" and not (sign == ">" and text[place - 1] == "-"):
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [" ".join(part.split("=")[0].split()) for part in parts if part.strip()]


def body_after(text, at):
    """The body of a function whose parameters end before `at`; None for a declaration."""
    rest = re.compile(r"\s*(?:(?:const|override|final|noexcept|mutable)\b\s*)*(?:->\s*[\w:<>,\s*&]+?)?\s*\{").match(text, at)
    if not rest:
        return None
    end = closing(text, rest.end() - 1)
    return None if end is None else (rest.end(), end)


def lambdas(text):
    """Each lambda: its captures, its parameters, the places of its body, and where it stands."""
    for found in LAMBDA.finditer(text):
        at, parameters = found.end(), ""
        if re.match(r"[\w\])]\s*$", text[max(0, found.start() - 1):found.start()]):
            continue  # an index, not a lambda
        if text[at] == "(":
            end = closing(text, at)
            if end is None:
                continue
            parameters, at = text[at + 1:end], end + 1
        body = body_after(text, at)
        if body:
            yield found[1].strip(), parameters, body, found.start()


def waits(text, body):
    """Whether the body itself is a coroutine's: lambdas within it are functions of their own."""
    own = text[body[0]:body[1]]
    for _, _, inner, _ in list(lambdas(own)):
        own = own[:inner[0]] + re.sub(r"[^\n]", " ", own[inner[0]:inner[1]]) + own[inner[1]:]
    return bool(WAITS.search(own))


def enclosing_end(text, at):
    """Where the block that holds `at` ends."""
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth < 0:
            return place
    return len(text)


def held_locks(text):
    """The places of locks under which a coroutine waits; an unlock() before it is not looked for: a block says it better."""
    for found in LOCK.finditer(text):
        if re.search(r"\bco_(?:await|yield)\b", text[found.end():enclosing_end(text, found.end() - 1)]):
            yield found.start()


def fault_of(parameter):
    """Why a coroutine must not take this; None where it may."""
    if VIEWS.search(re.sub(r"<.*>", "", parameter)):
        return "is a view"
    kind = re.match(r"(?:const\s+)?((?:\w+::)*\w+(?:<.*>)?)\s*(?:const\s*)?([&*]+)", parameter)
    if kind is None:
        return None
    name = re.sub(r"<.*>", "", kind[1]).rsplit("::", 1)[-1]
    return None if name in LONG_LIVED else f"is a {'pointer' if '*' in kind[2] else 'reference'}"


def coroutines(text):
    """Each coroutine: its name, its parameters, its captures (None for a function), and where it stands."""
    for found in RETURNS.finditer(text):
        end = closing(text, found.end() - 1)
        name = re.compile(r"\s*((?:\w+(?:<[^<>()]*>)?::)*~?\w+)\s*\(").match(text, end + 1) if end else None
        if not name:
            continue
        close = closing(text, name.end() - 1)
        body = body_after(text, close + 1) if close else None
        if body and waits(text, body):
            yield name[1], split_parameters(text[name.end():close]), None, found.start()
    for captures, parameters, body, at in lambdas(text):
        if waits(text, body):
            yield "a lambda", split_parameters(parameters), captures, at


def faults_in(place, text):
    """(what HELD would call it, the fault in words) for each."""
    code = blanked(text)
    for name, parameters, captures, at in coroutines(code):
        line = code.count("\n", 0, at) + 1
        if captures:
            yield f"{place}: {name}[{captures}]", f"{place}:{line}: a lambda that captures is a coroutine"
        for parameter in parameters:
            fault = fault_of(parameter)
            if fault:
                last = re.findall(r"\w+", parameter)[-1]
                yield f"{place}: {name}({last})", f"{place}:{line}: {name}: {parameter} {fault}"
    for at in held_locks(code):
        line = code.count("\n", 0, at) + 1
        yield f"{place}: a lock", f"{place}:{line}: a lock is held where a coroutine waits"


def check(root):
    faults, seen = [], set()
    for file in sorted([*(root / "src").rglob("*.h"), *(root / "src").rglob("*.cc")]):
        if TESTS.search(file.name):
            continue
        for held, fault in faults_in(file.relative_to(root).as_posix(), file.read_text()):
            seen.add(held)
            if held not in HELD:
                faults.append(fault)
    return faults + [f"{held}: is in HELD and no longer there" for held in HELD if held not in seen]


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1]
    faults = check(root)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
