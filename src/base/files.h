// Files that survive a kill: the disk as an interface, atomic replacement, appending, locks, directories.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace xsweep {

enum class OpenMode { kCreateNew, kTruncate, kAppend };

/// A file being written. What `Write` took is with the operating system; only `Sync` makes it survive a power loss.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Write(std::string_view bytes) = 0;
  virtual Status Sync() = 0;
  virtual std::uint64_t size() const = 0;
};

/// Everything that changes the disk goes through here, so that a test can drop what was not synced. Errors are of kind
/// kWorld, name the path and say what to do. Thread-safe; one WritableFile belongs to one thread at a time.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Expected<std::unique_ptr<WritableFile>> Open(const std::filesystem::path& path, OpenMode mode) = 0;
  virtual Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status Remove(const std::filesystem::path& path) = 0;
  virtual Status Truncate(const std::filesystem::path& path, std::uint64_t size) = 0;
  /// False when it was there already; every parent must exist.
  virtual Expected<bool> MakeDirectory(const std::filesystem::path& path) = 0;
  virtual Status Symlink(const std::filesystem::path& target, const std::filesystem::path& link) = 0;
  /// Makes names created, renamed or removed in this directory survive a power loss.
  virtual Status SyncDirectory(const std::filesystem::path& path) = 0;
};

/// The operating system's disk.
Disk& RealDisk();

/// Writes a file that is either whole under its final name or not there: temporary name beside it, sync, rename,
/// sync of the directory. An old file of that name stays until the new one replaces it.
Status WriteAtomically(Disk& disk, const std::filesystem::path& path, std::string_view bytes);
/// The same for content that comes in pieces; nothing appears under `path` before `Commit`, and without it nothing
/// stays.
class AtomicFile {
 public:
  static Expected<AtomicFile> Create(Disk& disk, std::filesystem::path path);
  AtomicFile(AtomicFile&&) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();
  /// Buffered: many small writes cost no system call each.
  Status Write(std::string_view bytes);
  Status Commit();
  const std::filesystem::path& temporary() const { return temporary_; }

 private:
  AtomicFile(Disk& disk, std::filesystem::path path, std::filesystem::path temporary,
             std::unique_ptr<WritableFile> file)
      : disk_(&disk), path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}
  Status Flush();
  Disk* disk_;
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
};

/// `path` and every missing parent.
Status MakeDirectories(Disk& disk, const std::filesystem::path& path);
/// Makes `link` point to `target` in one step. Where the file system has no symlinks the error kind is kWorld.
Status ReplaceSymlink(Disk& disk, const std::filesystem::path& target, const std::filesystem::path& link);
/// Removes a tree; a name that is not there is no error.
Status RemoveTree(const std::filesystem::path& path);

/// The whole file. Fails with kWorld; refuses directories and files over `limit` bytes. For what a person names: links
/// are followed, and a pipe is read to its end; a device that has more than 64 MiB is refused.
Expected<std::string> ReadFile(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 32U);
/// The same for what a directory from elsewhere holds: a link, a pipe or a device is refused, and nothing blocks.
Expected<std::string> ReadOwnFile(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 32U);

/// Opens a regular file for reading, close-on-exec; a pipe or a device is refused without blocking. The caller closes.
Expected<int> OpenRegular(const std::filesystem::path& path);

/// Removes temporary files in `directory` whose writers were killed: names that AtomicFile gives, of processes of this
/// machine that are gone. What cannot be looked at or removed stays.
void RemoveLeftovers(const std::filesystem::path& directory);
/// A name part that RemoveLeftovers knows: this machine, this process, and a random number.
std::string OwnerMark();
/// Whether a name part of that form belongs to a process of this machine that is gone.
bool OwnerIsGone(std::string_view mark);

/// A file mapped for reading; empty files map to an empty view.
class MappedFile {
 public:
  static Expected<MappedFile> Open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::string_view bytes() const { return {data_, size_}; }
  /// Gives the memory of what was read back; it is read from the disk again when it is looked at again.
  void Forget() const;

 private:
  MappedFile(const char* data, std::size_t size) : data_(data), size_(size) {}
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// An advisory lock (of the open file, which NFS honours) held while the object lives: against other processes and
/// other threads.
class FileLock {
 public:
  /// Creates `path` if needed; waits up to `patience`, then fails with kWorld.
  static Expected<FileLock> Acquire(const std::filesystem::path& path,
                                    std::chrono::milliseconds patience = std::chrono::seconds(30));
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace xsweep
