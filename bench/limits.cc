// bench_limits [--seconds S] [--op NAME]... [--library L]: CPU microseconds of raw operations on
// this core, by every library at hand; one JSON object per line: {"op","library","cpu_us"}.
// Pin it with taskset to the core that the server uses.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "raw_ops.h"

int main(int argc, char** argv) {
  double seconds = 0.3;
  std::vector<std::string> ops;
  std::string library;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--seconds") seconds = std::atof(argv[i + 1]);
    if (flag == "--op") ops.emplace_back(argv[i + 1]);
    if (flag == "--library") library = argv[i + 1];
  }
  if (ops.empty()) ops = bench::op_names();
  for (const auto& name : ops) {
    const auto all = bench::candidates(name, library);
    if (all.empty()) {
      std::fprintf(stderr, "bench_limits: no operation is called %s\n", name.c_str());
      return 2;
    }
    for (const auto& op : all) {
      std::printf("{\"op\":\"%s\",\"library\":\"%s\",\"cpu_us\":%.3f}\n", op.name.c_str(),
                  op.library.c_str(), bench::cpu_us(op, seconds));
      std::fflush(stdout);
    }
  }
  return 0;
}
