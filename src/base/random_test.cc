#include "base/random.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>

namespace signet {
namespace {

// Sanitizers ask the system for randomness and more themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/// From now on getrandom fails in this process, as on a system that has none to give.
void take_randomness_away() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) std::_Exit(77);
}

TEST(SystemRandomDeathTest, sec_136_without_randomness_the_process_stops) {
  for (const std::size_t size : {16U, 4096U}) {
    EXPECT_DEATH(
        {
          take_randomness_away();
          SystemRandom random;
          Bytes bytes(size);
          random.fill(bytes);
          std::_Exit(0);
        },
        "no randomness");
  }
}

#endif

}  // namespace
}  // namespace signet
