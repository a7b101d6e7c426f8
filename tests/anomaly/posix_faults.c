/* Makes one call of the operating system fail (F8): preloaded into signet or signetd by
 * tests/chaos/posix_faults.py. Only calls on files below a folder count, and none on the standard
 * streams.
 *
 *   SIGNET_FAULT_UNDER  the folder
 *   SIGNET_FAULT_LOG    a line is appended to this file for each call: "write PATH", and where it
 *                       was made to fail "!write PATH"
 *   SIGNET_FAULT        GROUP:N:ERRNO, the Nth call of the group fails with that number; 0: half
 *                       of the bytes are read or written; GROUP:N+:ERRNO: every later one as well
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kPass, kFail, kHalf };

static const char* under = NULL;
static const char* log_path = NULL;
static char group_to_fail[32];
static long nth = 0;
static int for_good = 0, number = 0;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
  under = getenv("SIGNET_FAULT_UNDER");
  log_path = getenv("SIGNET_FAULT_LOG");
  const char* fault = getenv("SIGNET_FAULT");
  char sign = ':';
  if (fault != NULL && sscanf(fault, "%31[a-z]:%ld%c", group_to_fail, &nth, &sign) == 3) {
    for_good = sign == '+';
    number = atoi(strrchr(fault, ':') + 1);
  }
}

static long ask_kernel(long call, long a, long b, long c, long d, long e, long f) {
  static long (*real)(long, ...) = NULL;
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "syscall");
  return real(call, a, b, c, d, e, f);
}
static void read_link(const char* link, char* to, size_t size) {
  const long got = ask_kernel(SYS_readlinkat, AT_FDCWD, (long)link, (long)to, (long)size - 1, 0, 0);
  to[got < 0 ? 0 : got] = '\0';
}

/* Past the functions that are wrapped here, so that nothing comes back to us. */
static void note(int is_failed, const char* group, const char* path) {
  if (log_path == NULL) return;
  char line[PATH_MAX + 64];
  const int size = snprintf(line, sizeof line, "%s%s %s\n", is_failed ? "!" : "", group, path);
  const long flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  const long fd = ask_kernel(SYS_openat, AT_FDCWD, (long)log_path, flags, 0600, 0, 0);
  if (fd < 0 || size < 0) return;
  ask_kernel(SYS_write, fd, (long)line, size, 0, 0, 0);
  ask_kernel(SYS_close, fd, 0, 0, 0, 0, 0);
}

static int decide(const char* group, const char* path) {
  if (under == NULL || strncmp(path, under, strlen(under)) != 0) return kPass;
  int is_failed = 0;
  if (nth > 0 && strcmp(group, group_to_fail) == 0) {
    const long turn = atomic_fetch_add(&calls, 1) + 1;
    is_failed = turn == nth || (for_good && turn > nth);
  }
  const int before = errno;
  note(is_failed, group, path);
  errno = before;
  if (!is_failed) return kPass;
  if (number == 0) return kHalf;
  errno = number;
  return kFail;
}

static int decide_at(const char* group, int folder, const char* name) {
  const int before = errno;
  char path[2 * PATH_MAX] = "";
  if (name[0] != '/') {
    char link[64] = "/proc/self/cwd";
    if (folder != AT_FDCWD) snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    read_link(link, path, sizeof path);
    strncat(path, "/", sizeof path - strlen(path) - 1);
  }
  strncat(path, name, sizeof path - strlen(path) - 1);
  errno = before;
  return decide(group, path);
}

static int decide_fd(const char* group, int fd) {
  if (under == NULL || (fd >= 0 && fd <= 2)) return kPass;
  const int before = errno;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  read_link(link, path, sizeof path);
  errno = before;
  return decide(group, path);
}

#define REAL(result, name, ...)              \
  static result (*real)(__VA_ARGS__) = NULL; \
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, name)

#define OPEN(name)                                                                    \
  int name(const char* path, int flags, ...) {                                        \
    REAL(int, #name, const char*, int, ...);                                          \
    mode_t mode = 0;                                                                  \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                            \
      va_list rest;                                                                   \
      va_start(rest, flags);                                                          \
      mode = va_arg(rest, mode_t);                                                    \
      va_end(rest);                                                                   \
    }                                                                                 \
    return decide_at("open", AT_FDCWD, path) == kFail ? -1 : real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                        \
  int name(int folder, const char* path, int flags, ...) {                                  \
    REAL(int, #name, int, const char*, int, ...);                                           \
    mode_t mode = 0;                                                                        \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                  \
      va_list rest;                                                                         \
      va_start(rest, flags);                                                                \
      mode = va_arg(rest, mode_t);                                                          \
      va_end(rest);                                                                         \
    }                                                                                       \
    return decide_at("open", folder, path) == kFail ? -1 : real(folder, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

int __open_2(const char* path, int flags);
int __open_2(const char* path, int flags) {
  REAL(int, "__open_2", const char*, int);
  return decide_at("open", AT_FDCWD, path) == kFail ? -1 : real(path, flags);
}
int __openat_2(int folder, const char* path, int flags);
int __openat_2(int folder, const char* path, int flags) {
  REAL(int, "__openat_2", int, const char*, int);
  return decide_at("open", folder, path) == kFail ? -1 : real(folder, path, flags);
}

FILE* fopen(const char* path, const char* mode) {
  REAL(FILE*, "fopen", const char*, const char*);
  return decide_at("open", AT_FDCWD, path) == kFail ? NULL : real(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  REAL(FILE*, "fopen64", const char*, const char*);
  return decide_at("open", AT_FDCWD, path) == kFail ? NULL : real(path, mode);
}

/* Half of one byte would be none, which says that the file has ended. */
static size_t part(int decision, size_t size) {
  return decision == kHalf && size > 1 ? size / 2 : size;
}

ssize_t read(int fd, void* to, size_t size) {
  REAL(ssize_t, "read", int, void*, size_t);
  const int decision = decide_fd("read", fd);
  return decision == kFail ? -1 : real(fd, to, part(decision, size));
}
ssize_t write(int fd, const void* from, size_t size) {
  REAL(ssize_t, "write", int, const void*, size_t);
  const int decision = decide_fd("write", fd);
  return decision == kFail ? -1 : real(fd, from, part(decision, size));
}
ssize_t readv(int fd, const struct iovec* to, int count) {
  REAL(ssize_t, "readv", int, const struct iovec*, int);
  return decide_fd("read", fd) == kFail ? -1 : real(fd, to, count);
}
ssize_t writev(int fd, const struct iovec* from, int count) {
  REAL(ssize_t, "writev", int, const struct iovec*, int);
  return decide_fd("write", fd) == kFail ? -1 : real(fd, from, count);
}
ssize_t pread(int fd, void* to, size_t size, off_t at) {
  REAL(ssize_t, "pread", int, void*, size_t, off_t);
  return decide_fd("read", fd) == kFail ? -1 : real(fd, to, size, at);
}
ssize_t pread64(int fd, void* to, size_t size, off64_t at) {
  REAL(ssize_t, "pread64", int, void*, size_t, off64_t);
  return decide_fd("read", fd) == kFail ? -1 : real(fd, to, size, at);
}
ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void*, size_t, off64_t);
  const int decision = decide_fd("write", fd);
  return decision == kFail ? -1 : real(fd, from, part(decision, size), at);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return decide_fd("sync", fd) == kFail ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return decide_fd("sync", fd) == kFail ? -1 : real(fd);
}
int ftruncate64(int fd, off64_t size) {
  REAL(int, "ftruncate64", int, off64_t);
  return decide_fd("truncate", fd) == kFail ? -1 : real(fd, size);
}

int rename(const char* from, const char* to) {
  REAL(int, "rename", const char*, const char*);
  return decide_at("rename", AT_FDCWD, from) == kFail ? -1 : real(from, to);
}
int renameat(int old_folder, const char* from, int new_folder, const char* to) {
  REAL(int, "renameat", int, const char*, int, const char*);
  return decide_at("rename", old_folder, from) == kFail ? -1
                                                        : real(old_folder, from, new_folder, to);
}
int renameat2(int old_folder, const char* from, int new_folder, const char* to, unsigned flags) {
  REAL(int, "renameat2", int, const char*, int, const char*, unsigned);
  return decide_at("rename", old_folder, from) == kFail
             ? -1
             : real(old_folder, from, new_folder, to, flags);
}
int link(const char* from, const char* to) {
  REAL(int, "link", const char*, const char*);
  return decide_at("rename", AT_FDCWD, from) == kFail ? -1 : real(from, to);
}
int linkat(int old_folder, const char* from, int new_folder, const char* to, int flags) {
  REAL(int, "linkat", int, const char*, int, const char*, int);
  return decide_at("rename", old_folder, from) == kFail
             ? -1
             : real(old_folder, from, new_folder, to, flags);
}

#define STAT(name, type)                                                     \
  int name(const char* path, struct type* to) {                              \
    REAL(int, #name, const char*, struct type*);                             \
    return decide_at("stat", AT_FDCWD, path) == kFail ? -1 : real(path, to); \
  }
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)
int fstat(int fd, struct stat* to) {
  REAL(int, "fstat", int, struct stat*);
  return decide_fd("stat", fd) == kFail ? -1 : real(fd, to);
}
int fstat64(int fd, struct stat64* to) {
  REAL(int, "fstat64", int, struct stat64*);
  return decide_fd("stat", fd) == kFail ? -1 : real(fd, to);
}

int mkdir(const char* path, mode_t mode) {
  REAL(int, "mkdir", const char*, mode_t);
  return decide_at("mkdir", AT_FDCWD, path) == kFail ? -1 : real(path, mode);
}
int mkdirat(int folder, const char* path, mode_t mode) {
  REAL(int, "mkdirat", int, const char*, mode_t);
  return decide_at("mkdir", folder, path) == kFail ? -1 : real(folder, path, mode);
}
DIR* fdopendir(int fd) {
  REAL(DIR*, "fdopendir", int);
  return decide_fd("list", fd) == kFail ? NULL : real(fd);
}
struct dirent* readdir(DIR* folder) {
  REAL(struct dirent*, "readdir", DIR*);
  return decide_fd("list", dirfd(folder)) == kFail ? NULL : real(folder);
}

/* openat2 has no function of its own in the C library. */
long syscall(long call, ...) {
  va_list rest;
  va_start(rest, call);
  long with[6];
  for (int i = 0; i < 6; ++i)
    with[i] = va_arg(rest, long);
  va_end(rest);
  if (call == SYS_openat2 && decide_at("open", (int)with[0], (const char*)with[1]) == kFail)
    return -1;
  return ask_kernel(call, with[0], with[1], with[2], with[3], with[4], with[5]);
}
