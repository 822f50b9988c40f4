/* Preloaded into the program under test: kills it at the KILL_AT_CALL-th call that changes the disk, before the call or,
   for a write, after half of its bytes. KILL_COUNT_FILE, if set, gets the number of such calls when the program ends.
   SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;
static long fatal_call = -1;

__attribute__((constructor)) static void start(void) {
  const char* at = getenv("KILL_AT_CALL");
  if (at != NULL) fatal_call = atol(at);
}

__attribute__((destructor)) static void end(void) {
  const char* file = getenv("KILL_COUNT_FILE");
  FILE* out = file == NULL ? NULL : fopen(file, "w");
  if (out == NULL) return;
  fprintf(out, "%ld\n", atomic_load(&calls));
  fclose(out);
}

static int is_fatal(void) { return atomic_fetch_add(&calls, 1) == fatal_call; }
static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(ssize_t, "write", int, const void*, size_t);
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_fatal()) {
    if (size > 1) (void)!real(fd, bytes, size / 2);
    die();
  }
  return real(fd, bytes, size);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  if (is_fatal()) die();
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  if (is_fatal()) die();
  return real(fd);
}

int rename(const char* from, const char* to) {
  REAL(int, "rename", const char*, const char*);
  if (is_fatal()) die();
  return real(from, to);
}

int mkdir(const char* path, mode_t mode) {
  REAL(int, "mkdir", const char*, mode_t);
  if (is_fatal()) die();
  return real(path, mode);
}

int symlink(const char* target, const char* link) {
  REAL(int, "symlink", const char*, const char*);
  if (is_fatal()) die();
  return real(target, link);
}

int unlink(const char* path) {
  REAL(int, "unlink", const char*);
  if (is_fatal()) die();
  return real(path);
}

int unlinkat(int directory, const char* path, int flags) {
  REAL(int, "unlinkat", int, const char*, int);
  if (is_fatal()) die();
  return real(directory, path, flags);
}

int truncate(const char* path, off_t size) {
  REAL(int, "truncate", const char*, off_t);
  if (is_fatal()) die();
  return real(path, size);
}
