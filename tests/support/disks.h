// Disks for tests: the real one with something taken away.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

namespace xsweep {

/// Passes everything on; tests override what they are about.
class ForwardingDisk : public Disk {
 public:
  Expected<std::unique_ptr<WritableFile>> Open(const std::filesystem::path& path, OpenMode mode) override {
    return RealDisk().Open(path, mode);
  }
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return RealDisk().Rename(from, to);
  }
  Status Remove(const std::filesystem::path& path) override { return RealDisk().Remove(path); }
  Status Truncate(const std::filesystem::path& path, std::uint64_t size) override {
    return RealDisk().Truncate(path, size);
  }
  Expected<bool> MakeDirectory(const std::filesystem::path& path) override { return RealDisk().MakeDirectory(path); }
  Status Symlink(const std::filesystem::path& target, const std::filesystem::path& link) override {
    return RealDisk().Symlink(target, link);
  }
  Status SyncDirectory(const std::filesystem::path& path) override { return RealDisk().SyncDirectory(path); }
};

/// Syncs nothing, for tests that write thousands of files.
class UnsyncedDisk : public ForwardingDisk {
 public:
  Expected<std::unique_ptr<WritableFile>> Open(const std::filesystem::path& path, OpenMode mode) override {
    TRY_ASSIGN(auto file, RealDisk().Open(path, mode));
    return std::make_unique<UnsyncedFile>(std::move(file));
  }
  Status SyncDirectory(const std::filesystem::path&) override { return {}; }

 private:
  class UnsyncedFile : public WritableFile {
   public:
    explicit UnsyncedFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
    Status Write(std::string_view bytes) override { return file_->Write(bytes); }
    Status Sync() override { return {}; }
    std::uint64_t size() const override { return file_->size(); }

   private:
    std::unique_ptr<WritableFile> file_;
  };
};

}  // namespace xsweep
