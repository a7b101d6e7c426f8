// loadgen: keep-alive load from raw, pre-built requests, one thread, to be pinned to the core that
// the server does not use. Closed loop (each connection asks again as soon as it was answered), or
// with --rate an open loop: requests are due at random (Poisson) moments that do not wait for the
// server, and latency counts from the moment a request was due (no coordinated omission).
//
//   loadgen --port N --requests FILE [--connections 32] [--seconds 2] [--warmup 0.3] [--rate R]
//           [--pid PID] [--pick cycle|random] [--seed 1] [--save FILE] [--spin 0|1]
//
// FILE holds records: length (32 bits, little endian) and bytes. --pid: the CPU time that process
// used in the measured window is reported too. --save: bodies of the answers, one per line, up to
// 100,000. One JSON object is printed.

#include <dirent.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "histogram.h"
#include "loadgen_connection.h"

namespace {

struct Options {
  int port = 0, pid = 0;
  std::size_t connections = 32;
  double seconds = 2, warmup = 0.3, rate = 0;
  std::string requests, save;
  bool is_random = false, spins = false;
  unsigned seed = 1;
};

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

/// CPU nanoseconds of each thread of a process; empty for pid 0.
std::map<int, std::uint64_t> cpu_of(int pid) {
  std::map<int, std::uint64_t> result;
  if (pid == 0) return result;
  const std::string folder = "/proc/" + std::to_string(pid) + "/task";
  DIR* tasks = opendir(folder.c_str());
  if (tasks == nullptr) return result;
  while (const dirent* entry = readdir(tasks)) {
    std::uint64_t ns = 0;
    std::ifstream stat(folder + "/" + entry->d_name + "/schedstat");
    if (entry->d_name[0] != '.' && stat >> ns) result[std::atoi(entry->d_name)] = ns;
  }
  closedir(tasks);
  return result;
}

std::vector<std::string> load_requests(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::string> result;
  for (std::size_t at = 0; at + 4 <= all.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, all.data() + at, 4);
    result.push_back(all.substr(at + 4, size));
    at += 4 + size;
  }
  return result;
}

class Load {
 public:
  Load(Options options, std::vector<std::string> requests)
      : options_(std::move(options)), requests_(std::move(requests)), random_(options_.seed) {}
  int run();

 private:
  void start(bench::Connection& connection, std::uint64_t intended);
  void finish(bench::Connection& connection, const bench::Answer& answer);
  void lose(bench::Connection& connection);
  void release(bench::Connection& connection);
  void release_due(std::uint64_t now);
  void reset();
  void report(double window_seconds, const std::map<int, std::uint64_t>& before,
              const std::map<int, std::uint64_t>& after) const;
  const std::string& next_request() {
    if (options_.is_random) return requests_[random_() % requests_.size()];
    return requests_[turn_++ % requests_.size()];
  }

  Options options_;
  std::vector<std::string> requests_;
  std::mt19937_64 random_;
  std::size_t turn_ = 0;
  std::vector<std::unique_ptr<bench::Connection>> connections_;
  std::vector<bench::Connection*> idle_;
  std::deque<std::uint64_t> late_;  // due, but no connection was free
  std::uint64_t next_due_ = 0;
  bench::Histogram latency_;
  std::map<int, std::uint64_t> statuses_;
  std::uint64_t errors_ = 0, reconnects_ = 0, answered_ = 0, body_bytes_ = 0;
  std::ofstream save_;
  std::size_t saved_ = 0;
};

void Load::start(bench::Connection& connection, std::uint64_t intended) {
  connection.intended_ns = intended;
  if (!connection.send(next_request())) lose(connection);
}

void Load::lose(bench::Connection& connection) {
  if (connection.is_busy) ++errors_;
  ++reconnects_;
  if (connection.open()) {
    release(connection);
  } else {
    usleep(1000);
  }
}

void Load::release(bench::Connection& connection) {
  if (options_.rate <= 0) {
    start(connection, now_ns());
  } else if (late_.empty()) {
    idle_.push_back(&connection);
  } else {
    const std::uint64_t intended = late_.front();
    late_.pop_front();
    start(connection, intended);
  }
}

void Load::release_due(std::uint64_t now) {
  while (next_due_ <= now) {
    if (idle_.empty()) {
      late_.push_back(next_due_);
    } else {
      bench::Connection* connection = idle_.back();
      idle_.pop_back();
      start(*connection, next_due_);
    }
    const double gap = -std::log(1 - std::generate_canonical<double, 53>(random_)) / options_.rate;
    next_due_ += static_cast<std::uint64_t>(gap * 1e9);
  }
}

void Load::finish(bench::Connection& connection, const bench::Answer& answer) {
  latency_.add(now_ns() - connection.intended_ns);
  ++answered_;
  ++statuses_[answer.status];
  body_bytes_ += answer.body.size();
  if (save_.is_open() && saved_ < 100'000) {
    save_ << answer.body << '\n';
    ++saved_;
  }
  if (answer.closes) {
    lose(connection);
  } else {
    release(connection);
  }
}

void Load::reset() {
  latency_ = {};
  statuses_.clear();
  errors_ = reconnects_ = answered_ = body_bytes_ = 0;
}

int Load::run() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (!options_.save.empty()) save_.open(options_.save, std::ios::binary);
  const std::uint64_t begin = now_ns();
  next_due_ = begin;
  for (std::size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<bench::Connection>(options_.port, epoll));
    if (!connections_.back()->open()) {
      std::fprintf(stderr, "loadgen: nothing listens on port %d\n", options_.port);
      return 2;
    }
    release(*connections_.back());
  }
  const std::uint64_t measure_from = begin + static_cast<std::uint64_t>(options_.warmup * 1e9);
  const std::uint64_t measure_to =
      measure_from + static_cast<std::uint64_t>(options_.seconds * 1e9);
  bool measures = false;
  std::uint64_t window_start = 0;
  std::map<int, std::uint64_t> cpu_before;
  epoll_event events[256];
  for (;;) {
    const std::uint64_t now = now_ns();
    if (!measures && now >= measure_from) {
      measures = true;
      reset();
      cpu_before = cpu_of(options_.pid);
      window_start = now_ns();
    }
    if (now >= measure_to) break;
    if (options_.rate > 0) release_due(now);
    const int count = epoll_wait(epoll, events, 256, options_.spins ? 0 : 1);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<bench::Connection*>(events[i].data.ptr);
      if (!connection.is_open()) continue;
      bench::Answer answer;
      switch (connection.read(&answer)) {
        case bench::Connection::Read::kAnswer:
          finish(connection, answer);
          break;
        case bench::Connection::Read::kGone:
          std::erase(idle_, &connection);
          lose(connection);
          break;
        case bench::Connection::Read::kNothing:
          break;
      }
    }
  }
  const std::uint64_t end = now_ns();
  const auto cpu_after = cpu_of(options_.pid);
  if (options_.rate > 0) {
    for (const std::uint64_t due : late_)
      latency_.add(end - due);
  }
  report(static_cast<double>(end - window_start) / 1e9, cpu_before, cpu_after);
  return 0;
}

void Load::report(double window_seconds, const std::map<int, std::uint64_t>& before,
                  const std::map<int, std::uint64_t>& after) const {
  std::uint64_t cpu = 0;
  std::string threads;
  for (const auto& [thread, ns] : after) {
    const auto known = before.find(thread);
    const std::uint64_t used = ns - (known == before.end() ? 0 : known->second);
    cpu += used;
    if (!threads.empty()) threads += ",";
    threads += std::to_string(static_cast<double>(used) / 1e9);
  }
  std::string statuses;
  for (const auto& [status, count] : statuses_) {
    if (!statuses.empty()) statuses += ",";
    statuses += "\"" + std::to_string(status) + "\":" + std::to_string(count);
  }
  const double answered = answered_ == 0 ? 1 : static_cast<double>(answered_);
  std::printf(
      "{\"requests\":%llu,\"seconds\":%.4f,\"per_second\":%.1f,\"statuses\":{%s},"
      "\"errors\":%llu,\"reconnects\":%llu,\"body_bytes\":%.1f,\"late\":%zu,"
      "\"cpu_seconds\":%.6f,\"cpu_us_per_request\":%.3f,\"thread_cpu_seconds\":[%s]",
      static_cast<unsigned long long>(answered_), window_seconds,
      static_cast<double>(answered_) / window_seconds, statuses.c_str(),
      static_cast<unsigned long long>(errors_), static_cast<unsigned long long>(reconnects_),
      static_cast<double>(body_bytes_) / answered, late_.size(), static_cast<double>(cpu) / 1e9,
      static_cast<double>(cpu) / 1e3 / answered, threads.c_str());
  std::printf(
      ",\"latency_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}}\n",
      static_cast<double>(latency_.at(0.5)) / 1e3, static_cast<double>(latency_.at(0.9)) / 1e3,
      static_cast<double>(latency_.at(0.99)) / 1e3, static_cast<double>(latency_.at(0.999)) / 1e3,
      static_cast<double>(latency_.max()) / 1e3);
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--port") o.port = std::atoi(value);
    if (flag == "--requests") o.requests = value;
    if (flag == "--connections") o.connections = std::strtoul(value, nullptr, 10);
    if (flag == "--seconds") o.seconds = std::atof(value);
    if (flag == "--warmup") o.warmup = std::atof(value);
    if (flag == "--rate") o.rate = std::atof(value);
    if (flag == "--pid") o.pid = std::atoi(value);
    if (flag == "--pick") o.is_random = std::strcmp(value, "random") == 0;
    if (flag == "--seed") o.seed = static_cast<unsigned>(std::atoi(value));
    if (flag == "--save") o.save = value;
    if (flag == "--spin") o.spins = std::atoi(value) != 0;
  }
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = parse(argc, argv);
  auto requests = load_requests(options.requests);
  if (options.port == 0 || requests.empty()) {
    std::fprintf(stderr,
                 "usage: loadgen --port N --requests FILE [options]; see the top of loadgen.cc\n");
    return 2;
  }
  return Load(std::move(options), std::move(requests)).run();
}
