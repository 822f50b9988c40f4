// Zip: archives as Inspect's logs are, read whole or in parts and written in one pass.
//
// Read: methods 0 (stored), 8 (deflate) and 93 (zstd), ZIP64, no encryption, no archives in parts. Of two entries with
// one name the last counts. Written: deflate, sizes in the local headers (no data descriptors), no comment, so that
// readers that look for the end of the archive in its last 22 bytes find it; ZIP64 only where a number needs it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace xsweep {

class ZipReader {
 public:
  struct Entry {
    std::string name;
    std::uint16_t method = 0;
    std::uint32_t crc = 0;
    std::uint64_t packed = 0, size = 0, offset = 0;
  };
  /// `bytes` must outlive the reader. Fails with kUser for what is no archive or a damaged one.
  static Expected<ZipReader> Open(std::string_view bytes, const std::string& where);
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* Find(std::string_view name) const;
  /// The unpacked text, its checksum checked. Fails with kUser beyond `limit` bytes.
  Expected<std::string> Read(const Entry& entry, std::uint64_t limit = std::uint64_t{1} << 31U) const;

 private:
  std::string_view bytes_;
  std::string where_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  /// Entries are packed a batch at a time, on another thread while the caller makes the next ones, or by the caller
  /// while that thread is busy; they lie in the archive in the order of adding. An error of writing may come with a
  /// later call.
  Status Add(std::string name, std::string text);
  /// Writes the directory; nothing may be added afterwards.
  Status Finish();

 private:
  struct Entry {
    std::string name, bytes;  ///< of a packed one what is to be written
    std::uint32_t crc = 0;
    std::uint64_t size = 0, packed = 0, offset = 0;
    std::uint16_t method = 0;
  };
  static std::vector<Entry> Pack(std::vector<Entry> batch);
  Status StartPacking();
  Status WritePacked();
  Status Write(std::vector<Entry> packed);
  Status PutDirectory();
  Status Put(const std::string& bytes);
  AtomicFile& file_;
  std::uint64_t at_ = 0;
  std::vector<Entry> batch_;
  std::size_t batch_bytes_ = 0;
  std::future<std::vector<Entry>> packing_;
  std::vector<Entry> written_;  ///< without their bytes
};

}  // namespace xsweep
