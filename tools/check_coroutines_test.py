#!/usr/bin/env python3
"""Proves that check_coroutines.py finds what a coroutine must not take, and leaves alone what it may."""
import sys

import check_coroutines

FAULTY = [
    "Task<Done> f(const std::string& name) { co_return Done{}; }",
    "Task<Done> f(std::string&& name) { co_return Done{}; }",
    "Task<Done> f(std::string_view name) { co_return co_await g(name); }",
    "Task<Done> f(int a, std::span<const int> all) { CO_TRY(co_await g()); }",
    "Task<Done> A::f(ByteView bytes) const { co_return Done{}; }",
    "Task<std::map<int, std::string>> f(const std::map<int, int>& all) { co_return x; }",
    "boost::asio::awaitable<void> f(Thing* thing) { co_await thing->done(); }",
    "template <class T>\nTask<T> A<T>::f(const T& value) { co_return value; }",
    "Task<Done> f(Services& s,\n             const Realm& realm) { co_return Done{}; }",
    "void f() { auto g = [&]() -> Task<Done> { co_return Done{}; }; }",
    "void f() { start([this, name] -> Task<Done> { co_await h(name); co_return Done{}; }); }",
    "auto f = [](const std::string& name) -> Task<Done> { co_return Done{}; };",
    "Task<Done> f() { std::lock_guard hold(mutex_); co_await g(); }",
    "Task<Done> f() { if (x) { const std::unique_lock<std::mutex> hold{mutex_}; while (y) { co_await g(); } } }",
    "Task<Done> f(std::string s) { auto g = [s]() -> Task<Done> { co_return Done{}; }; co_return co_await g(); }",
]
SOUND = [
    "Task<Done> f(std::string name, std::shared_ptr<const Realm> realm) { co_return Done{}; }",
    "Task<Done> f(const Services& services, net::Exchange& exchange) { co_return Done{}; }",
    "Task<Done> f(std::function<Task<Done>(std::string_view)> then) { co_return co_await then(\"\"); }",
    "Task<Done> f(const std::string& name);",
    # Begins another one and is none itself.
    "Task<Done> f(const std::string& name) { return g(std::string(name)); }",
    "Task<Done> f(const std::string& name) { return run([](std::string own) -> Task<Done> { co_return Done{}; }); }",
    "Task<Done> f(std::string name) { const auto none = [&] { return name.empty(); }; co_return Done{}; }",
    "Task<Done> f() { { std::lock_guard hold(mutex_); x = 1; } co_await g(); }",
    "Task<Done> f() { co_await g(); std::scoped_lock hold(mutex_); co_return x; }",
    "// Task<Done> f(std::string_view name) { co_return Done{}; }",
    "const char* kText = \"Task<Done> f(std::string_view name) { co_return Done{}; }\";",
    "Result<Done> f(std::string_view name) { return co(name); }",
]


def main():
    wrong = [text for text in FAULTY if not list(check_coroutines.faults_in("a.cc", text))]
    wrong += [text for text in SOUND if list(check_coroutines.faults_in("a.cc", text))]
    for text in wrong:
        print("judged wrongly:", text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
