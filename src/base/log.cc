#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

namespace signet::log {
namespace {

std::atomic<Level> g_least{Level::kInfo};
std::atomic<bool> g_json{true};

// Two seconds: who reads standard error may have stopped.
constexpr int kFlushTries = 2000;
constexpr std::chrono::milliseconds kBetweenFlushTries{1};
std::atomic<std::uint64_t> g_handed_over{0}, g_written{0};

// Counts, so that flush() knows when all is written.
class CountingSink final : public spdlog::sinks::stderr_sink_mt {
 public:
  void log(const spdlog::details::log_msg& line) override {
    spdlog::sinks::stderr_sink_mt::log(line);
    g_written.fetch_add(1, std::memory_order_release);
  }
};

// spdlog carries finished lines to the sink on its own thread, so that a slow terminal or pipe
// never holds up a request; when its queue is full the oldest lines are dropped.
spdlog::logger& sink() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    spdlog::init_thread_pool(2048, 1);
    auto made = std::make_shared<spdlog::async_logger>(
        "signet", std::make_shared<CountingSink>(), spdlog::thread_pool(),
        spdlog::async_overflow_policy::overrun_oldest);
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *logger;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
    case Level::kOff:
      break;
  }
  return "off";
}

std::string line_of(Level level, std::string_view event, std::span<const Field> fields) {
  std::string line;
  const std::string time = to_rfc3339(SystemClock().now());
  if (g_json.load(std::memory_order_relaxed)) {
    json::ObjectWriter w(line);
    w.add("time", time).add("level", name(level)).add("event", event);
    for (const auto& field : fields) {
      if (field.is_number) {
        w.add(field.name, field.number);
      } else {
        w.add(field.name, field.text);
      }
    }
    w.end();
  } else {
    line.append(time).append(" ").append(name(level)).append(" ").append(event);
    for (const auto& field : fields) {
      line.append(" ").append(field.name).append("=");
      if (field.is_number) {
        json::append_number(line, field.number);
      } else {
        line += quoted(field.text, 2048);
      }
    }
  }
  return line;
}

void put_line(Level level, std::string_view event, std::span<const Field> fields) {
  const std::string line = line_of(level, event, fields);
  g_handed_over.fetch_add(1, std::memory_order_relaxed);
  sink().log(level >= Level::kWarn ? spdlog::level::warn : spdlog::level::info,
             spdlog::string_view_t(line.data(), line.size()));
}

// The text, or as much of it as whole characters of UTF-8 allow.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  return text.substr(0, most);
}

void put_failure(Level level, std::string_view event, const Error& e,
                 std::initializer_list<Field> fields) {
  std::vector<Field> all = {
      {"code", to_string(e.code)}, {"reason", e.reason}, {"detail", e.detail}};
  for (Field field : fields) {
    field.text = cut(field.text, 256);  // who was asked for may be as long as a request
    all.push_back(field);
  }
  put_line(level, event, all);
}

}  // namespace

void configure(Level least, bool as_json) {
  g_least = least;
  g_json = as_json;
}

bool enabled(Level level) {
  return level >= g_least.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) noexcept {
  try {
    put_line(level, event, {fields.begin(), fields.size()});
  } catch (const std::exception&) {
  }
}

void last_line(Level level, std::string_view event, std::initializer_list<Field> fields) noexcept {
  if (!enabled(level)) return;
  try {
    const std::string line = line_of(level, event, {fields.begin(), fields.size()}) + '\n';
    std::string_view left = line;
    while (!left.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  } catch (const std::exception&) {
  }
}

void flush() {
  const auto is_all_written = [handed_over = g_handed_over.load(std::memory_order_relaxed)] {
    const std::uint64_t dropped = spdlog::thread_pool()->overrun_counter();
    return g_written.load(std::memory_order_acquire) + dropped >= handed_over;
  };
  sink().flush();
  for (int i = 0; i < kFlushTries && !is_all_written(); ++i)
    std::this_thread::sleep_for(kBetweenFlushTries);
}

void failure(std::string_view event, const Error& e, std::initializer_list<Field> fields) noexcept {
  const Level level = e.code <= Code::kExpired    ? Level::kInfo
                      : e.code == Code::kInternal ? Level::kError
                                                  : Level::kWarn;
  if (!enabled(level)) return;
  try {
    put_failure(level, event, e, fields);
  } catch (const std::exception&) {
  }
}

}  // namespace signet::log
