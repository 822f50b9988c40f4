// Files that survive a kill: the operating system's disk and what is built on it.
// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "base/hash.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

std::string Advice(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT: return "; free some space and run again, nothing that was finished is lost";
    case EACCES:
    case EPERM:
    case EROFS: return "; choose a directory you may write to with --outdir";
    case EMFILE:
    case ENFILE: return "; too many files are open at once: raise the limit (`ulimit -n`) or lower --jobs";
    default: return "";
  }
}

std::unexpected<Error> Failed(std::string_view what, const fs::path& path, int code) {
  return WorldError(fmt::format("cannot {}: {}{}", what, std::strerror(code), Advice(code)), path.string());
}

class RealFile final : public WritableFile {
 public:
  RealFile(int descriptor, fs::path path, std::uint64_t size)
      : descriptor_(descriptor), path_(std::move(path)), size_(size) {}
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;
  ~RealFile() override { ::close(descriptor_); }

  Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Failed("write", path_, errno);
      size_ += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  Status Sync() override {
    if (TEMP_FAILURE_RETRY(::fdatasync(descriptor_)) != 0) return Failed("sync", path_, errno);
    return {};
  }
  std::uint64_t size() const override { return size_; }

 private:
  int descriptor_;
  fs::path path_;
  std::uint64_t size_;
};

class OperatingSystemDisk final : public Disk {
 public:
  Expected<std::unique_ptr<WritableFile>> Open(const fs::path& path, OpenMode mode) override {
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
    if (mode == OpenMode::kCreateNew) flags |= O_EXCL;
    if (mode == OpenMode::kTruncate) flags |= O_TRUNC;
    if (mode == OpenMode::kAppend) flags |= O_APPEND;
    const int descriptor = static_cast<int>(TEMP_FAILURE_RETRY(::open(path.c_str(), flags, 0644)));
    if (descriptor < 0) return Failed("create", path, errno);
    struct stat status{};
    ::fstat(descriptor, &status);
    return std::make_unique<RealFile>(descriptor, path, static_cast<std::uint64_t>(status.st_size));
  }
  Status Rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return Failed("rename to", to, errno);
    return {};
  }
  Status Remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("remove", path, errno);
    return {};
  }
  Status Truncate(const fs::path& path, std::uint64_t size) override {
    if (TEMP_FAILURE_RETRY(::truncate(path.c_str(), static_cast<off_t>(size))) != 0)
      return Failed("truncate", path, errno);
    return {};
  }
  Expected<bool> MakeDirectory(const fs::path& path) override {
    if (::mkdir(path.c_str(), 0755) == 0) return true;
    const int code = errno;
    std::error_code ignored;
    if (code == EEXIST && fs::is_directory(path, ignored)) return false;
    return Failed("create the directory", path, code);
  }
  Status Symlink(const fs::path& target, const fs::path& link) override {
    if (::symlink(target.c_str(), link.c_str()) != 0) return Failed("create the link", link, errno);
    return {};
  }
  Status SyncDirectory(const fs::path& path) override {
    const int descriptor =
        static_cast<int>(TEMP_FAILURE_RETRY(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    if (descriptor < 0) return Failed("open the directory", path, errno);
    const int result = static_cast<int>(TEMP_FAILURE_RETRY(::fsync(descriptor)));
    const int code = errno;
    ::close(descriptor);
    // Some network file systems cannot sync a directory and say EINVAL: their renames are durable on their own.
    if (result != 0 && code != EINVAL) return Failed("sync the directory", path, code);
    return {};
  }
};

fs::path DirectoryOf(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// Temporary names must differ between processes and hosts that share a directory; they never reach a result.
fs::path TemporaryBeside(const fs::path& path) {
  return DirectoryOf(path) / fmt::format(".{}.{}.tmp", path.filename().string(), OwnerMark());
}

/// Four hex digits for this machine since it was started, so that its process numbers mean something.
std::string_view MachineMark() {
  static const std::string mark = [] {
    const auto boot = ReadFile("/proc/sys/kernel/random/boot_id", 4096);
    char host[256] = {};
    (void)::gethostname(host, sizeof host - 1);
    return ShortHash(boot.value_or("") + host).substr(0, 4);
  }();
  return mark;
}

std::uint64_t LimitFor(const struct stat& status, std::uint64_t limit) {
  constexpr std::uint64_t kOfADevice = std::uint64_t{64} << 20U;
  return S_ISCHR(status.st_mode) ? std::min(limit, kOfADevice) : limit;
}

Expected<std::string> ReadAll(int descriptor, const fs::path& path, std::uint64_t limit) {
  std::string bytes;
  char buffer[65536];
  // To the end and not by size: pipes and files in /proc have none.
  for (;;) {
    const ssize_t got = TEMP_FAILURE_RETRY(::read(descriptor, buffer, sizeof buffer));
    const int code = errno;
    if (got <= 0) {
      ::close(descriptor);
      if (got < 0) return Failed("read", path, code);
      return bytes;
    }
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      ::close(descriptor);
      return WorldError(fmt::format("is larger than the {} bytes that make sense here", limit), path.string());
    }
  }
}

// Without O_NONBLOCK, opening a pipe waits for a writer. For the files that are let through it changes nothing.
Expected<int> OpenRegularWith(const fs::path& path, int flags) {
  const int descriptor =
      static_cast<int>(TEMP_FAILURE_RETRY(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)));
  if (descriptor < 0 && errno == ELOOP && flags != 0) return WorldError("is a link and is not followed", path.string());
  if (descriptor < 0) return Failed("read", path, errno);
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) return descriptor;
  ::close(descriptor);
  return WorldError("is not a regular file", path.string());
}

}  // namespace

Disk& RealDisk() {
  static OperatingSystemDisk disk;
  return disk;
}

Expected<AtomicFile> AtomicFile::Create(Disk& disk, fs::path path) {
  fs::path temporary = TemporaryBeside(path);
  TRY_ASSIGN(auto file, disk.Open(temporary, OpenMode::kCreateNew));
  return AtomicFile(disk, std::move(path), std::move(temporary), std::move(file));
}

AtomicFile::~AtomicFile() {
  if (!file_) return;
  file_.reset();
  (void)disk_->Remove(temporary_);
}

Status AtomicFile::Flush() {
  TRY(file_->Write(buffer_));
  buffer_.clear();
  return {};
}

Status AtomicFile::Write(std::string_view bytes) {
  constexpr std::size_t kBuffer = std::size_t{1} << 18U;
  buffer_ += bytes;
  return buffer_.size() < kBuffer ? Status() : Flush();
}

Status AtomicFile::Commit() {
  TRY(Flush());
  TRY(file_->Sync());
  // Only what is synced gets the name: after a power loss the rename may be there and the bytes not.
  TRY(disk_->Rename(temporary_, path_));
  file_.reset();
  return disk_->SyncDirectory(DirectoryOf(path_));
}

Status WriteAtomically(Disk& disk, const fs::path& path, std::string_view bytes) {
  TRY_ASSIGN(auto file, AtomicFile::Create(disk, path));
  TRY(file.Write(bytes));
  return file.Commit();
}

Status MakeDirectories(Disk& disk, const fs::path& path) {
  std::error_code ignored;
  if (path.empty() || fs::is_directory(path, ignored)) return {};
  TRY(MakeDirectories(disk, path.parent_path()));
  TRY_ASSIGN(const bool created, disk.MakeDirectory(path));
  return created ? disk.SyncDirectory(DirectoryOf(path)) : Status();
}

Status ReplaceSymlink(Disk& disk, const fs::path& target, const fs::path& link) {
  // symlink() does not replace; the rename does, and there is a link at every moment.
  const fs::path temporary = TemporaryBeside(link);
  TRY(disk.Symlink(target, temporary));
  if (const auto renamed = disk.Rename(temporary, link); !renamed) {
    (void)disk.Remove(temporary);
    return renamed;
  }
  return disk.SyncDirectory(DirectoryOf(link));
}

Status RemoveTree(const fs::path& path) {
  std::error_code code;
  fs::remove_all(path, code);
  if (code) return WorldError("cannot remove: " + code.message(), path.string());
  return {};
}

Expected<std::string> ReadFile(const fs::path& path, std::uint64_t limit) {
  const int descriptor = static_cast<int>(TEMP_FAILURE_RETRY(::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
  if (descriptor < 0) return Failed("read", path, errno);
  struct stat status{};
  (void)::fstat(descriptor, &status);
  return ReadAll(descriptor, path, LimitFor(status, limit));
}

Expected<std::string> ReadOwnFile(const fs::path& path, std::uint64_t limit) {
  TRY_ASSIGN(const int descriptor, OpenRegularWith(path, O_NOFOLLOW));
  return ReadAll(descriptor, path, limit);
}

Expected<int> OpenRegular(const fs::path& path) { return OpenRegularWith(path, 0); }

std::string OwnerMark() {
  thread_local std::random_device source;
  return fmt::format("{}{:08x}{:08x}", MachineMark(), static_cast<std::uint32_t>(::getpid()), source());
}

bool OwnerIsGone(std::string_view mark) {
  if (mark.size() != 20 || mark.find_first_not_of("0123456789abcdef") != std::string_view::npos) return false;
  if (!mark.starts_with(MachineMark())) return false;
  std::uint32_t process = 0;
  std::from_chars(mark.data() + 4, mark.data() + 12, process, 16);
  // EPERM is a process of somebody else's: alive. A number that was given out again only keeps a file longer.
  return ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

void RemoveLeftovers(const fs::path& directory) {
  constexpr std::string_view kEnd = ".tmp";
  std::error_code code;
  // Removed after the walk: whether a walk sees what is removed under it is not said.
  std::vector<fs::path> gone;
  for (fs::directory_iterator entry(directory, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with(kEnd)) continue;
    const std::string_view stem = std::string_view(name).substr(0, name.size() - kEnd.size());
    if (OwnerIsGone(stem.substr(std::min(stem.size(), stem.rfind('.') + 1)))) gone.push_back(entry->path());
  }
  for (const fs::path& path : gone) (void)fs::remove(path, code);
}

Expected<MappedFile> MappedFile::Open(const fs::path& path) {
  TRY_ASSIGN(const int descriptor, OpenRegular(path));
  struct stat status{};
  (void)::fstat(descriptor, &status);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int code = errno;
  ::close(descriptor);
  if (data == MAP_FAILED) return Failed("map", path, code);
  return MappedFile(static_cast<const char*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
void MappedFile::Forget() const {
  if (size_ > 0) ::madvise(const_cast<char*>(data_), size_, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

Expected<FileLock> FileLock::Acquire(const fs::path& path, std::chrono::milliseconds patience) {
  const int descriptor = static_cast<int>(TEMP_FAILURE_RETRY(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)));
  if (descriptor < 0) return Failed("open the lock", path, errno);
  // Open-file-description locks also exclude two threads of one process; NFS maps them to the same server locks.
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::fcntl(descriptor, F_OFD_SETLK, &lock) != 0) {
    if ((errno != EAGAIN && errno != EACCES && errno != EINTR) || std::chrono::steady_clock::now() > deadline) {
      const int code = errno;
      ::close(descriptor);
      return WorldError(fmt::format("cannot take the lock: {}; is another process stuck?", std::strerror(code)),
                        path.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return FileLock(descriptor);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock::~FileLock() {
  // The file stays: were it removed, two could hold the lock, one on the old file and one on a new one.
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace xsweep
