// Zip: archives as Inspect's logs are.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/zip.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace xsweep {
namespace {

/// What a field of 32 or 16 bits holds where the number stands elsewhere, in a wider field.
constexpr std::uint64_t kBeyond32 = 0xFFFFFFFF, kBeyond16 = 0xFFFF;
constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kEndSize = 22, kCentralSize = 46, kLocalSize = 30;
constexpr std::uint64_t kMostEntries = 10'000'000;
constexpr std::size_t kBatchBytes = std::size_t{2} << 20U;
/// 1980-01-01, so that equal content is equal bytes.
constexpr std::uint16_t kTime = 0, kDate = 0x21;

std::uint64_t Little(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

void Append(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

bool Fits(std::string_view bytes, std::uint64_t at, std::uint64_t size) {
  return at <= bytes.size() && size <= bytes.size() - at;
}

struct Place {
  std::uint64_t offset = 0, size = 0, count = 0;
};

/// Where the directory is. The archive may have a comment, so its end is looked for from the back.
std::optional<Place> FindDirectory(std::string_view bytes) {
  if (bytes.size() < kEndSize) return std::nullopt;
  const std::size_t last = bytes.size() - kEndSize;
  // A comment has 65,535 bytes at most, so that far back and no further.
  for (std::size_t back = 0; back <= std::min<std::size_t>(last, 0xFFFF); ++back) {
    const std::size_t at = last - back;
    if (Little(bytes, at, 4) != kEnd) continue;
    Place place{Little(bytes, at + 16, 4), Little(bytes, at + 12, 4), Little(bytes, at + 10, 2)};
    const bool big = place.offset == kBeyond32 || place.size == kBeyond32 || place.count == kBeyond16;
    if (!big || at < 20 || Little(bytes, at - 20, 4) != kLocator64) return place;
    const std::uint64_t end64 = Little(bytes, at - 12, 8);
    if (!Fits(bytes, end64, 56) || Little(bytes, end64, 4) != kEnd64) return std::nullopt;
    return Place{Little(bytes, end64 + 48, 8), Little(bytes, end64 + 40, 8), Little(bytes, end64 + 32, 8)};
  }
  return std::nullopt;
}

/// Sizes that did not fit 32 bits stand in an extra field, in this order.
bool ReadExtra64(std::string_view extra, ZipReader::Entry& entry) {
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const std::uint64_t id = Little(extra, at, 2), size = Little(extra, at + 2, 2);
    at += 4;
    if (size > extra.size() - at) return false;
    if (id == 1) {
      std::size_t inner = at;
      for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.offset}) {
        if (*value != kBeyond32) continue;
        if (inner + 8 > at + size) return false;
        *value = Little(extra, inner, 8);
        inner += 8;
      }
      return true;
    }
    at += size;
  }
  return true;
}

bool Inflate(std::string_view packed, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  std::size_t taken = 0, made = 0;
  // zlib counts what it is given in 32 bits, so larger entries go through it in steps.
  int state = Z_OK;
  while (state == Z_OK && made <= out.size()) {
    constexpr std::size_t kStep = std::size_t{1} << 30U;
    const auto in = std::min(kStep, packed.size() - taken), room = std::min(kStep, out.size() - made);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + made);
    stream.avail_out = static_cast<uInt>(room);
    state = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    made += room - stream.avail_out;
    if (state == Z_OK && in == stream.avail_in && room == stream.avail_out) break;  // nothing moves any more
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && made == out.size();
}

bool Unpack(std::uint16_t method, std::string_view packed, std::string& out) {
  if (method == 0) {
    if (packed.size() != out.size()) return false;
    out.assign(packed);
    return true;
  }
  if (method == 8) return Inflate(packed, out);
  const std::size_t made = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  return ZSTD_isError(made) == 0 && made == out.size();
}

std::uint32_t Crc(std::string_view text) {
  std::uint64_t crc = crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t step = std::min<std::size_t>(text.size() - at, std::size_t{1} << 30U);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(text.data() + at), static_cast<uInt>(step));
    at += step;
  }
  return static_cast<std::uint32_t>(crc);
}

/// Raw deflate, fast; empty when it would not be smaller.
std::string Deflate(std::string_view text) {
  z_stream stream{};
  if (text.size() > 0xFFFFFFF0U || deflateInit2(&stream, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return done && out.size() < text.size() ? out : std::string();
}

/// What both headers of an entry share.
void AppendCommon(std::string& out, std::uint16_t method, std::uint32_t crc, std::uint64_t packed, std::uint64_t size,
                  std::size_t name, std::size_t extra) {
  Append(out, 0x0800, 2);  // names are UTF-8
  Append(out, method, 2);
  Append(out, kTime, 2);
  Append(out, kDate, 2);
  Append(out, crc, 4);
  Append(out, std::min(packed, kBeyond32), 4);
  Append(out, std::min(size, kBeyond32), 4);
  Append(out, name, 2);
  Append(out, extra, 2);
}

}  // namespace

Expected<ZipReader> ZipReader::Open(std::string_view bytes, const std::string& where) {
  ZipReader zip;
  zip.bytes_ = bytes;
  zip.where_ = where;
  const auto place = FindDirectory(bytes);
  if (!place || !Fits(bytes, place->offset, place->size) || place->count > kMostEntries)
    return UserError("is no whole zip archive: its directory is missing", where);
  std::uint64_t at = place->offset;
  for (std::uint64_t i = 0; i < place->count; ++i) {
    if (!Fits(bytes, at, kCentralSize) || Little(bytes, at, 4) != kCentral)
      return UserError(fmt::format("has a damaged directory at byte {}", at), where);
    const std::uint64_t name = Little(bytes, at + 28, 2), extra = Little(bytes, at + 30, 2),
                        note = Little(bytes, at + 32, 2);
    if (!Fits(bytes, at + kCentralSize, name + extra + note))
      return UserError(fmt::format("has a damaged directory at byte {}", at), where);
    Entry entry{std::string(bytes.substr(at + kCentralSize, name)),
                static_cast<std::uint16_t>(Little(bytes, at + 10, 2)),
                static_cast<std::uint32_t>(Little(bytes, at + 16, 4)),
                Little(bytes, at + 20, 4),
                Little(bytes, at + 24, 4),
                Little(bytes, at + 42, 4)};
    if (!ReadExtra64(bytes.substr(at + kCentralSize + name, extra), entry))
      return UserError(fmt::format("has a damaged directory at byte {}", at), where);
    zip.by_name_[entry.name] = zip.entries_.size();
    zip.entries_.push_back(std::move(entry));
    at += kCentralSize + name + extra + note;
  }
  return zip;
}

const ZipReader::Entry* ZipReader::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

Expected<std::string> ZipReader::Read(const Entry& entry, std::uint64_t limit) const {
  const std::string at = where_ + ": " + entry.name;
  if (entry.size > limit) return UserError(fmt::format("unpacks to {} bytes, more than {}", entry.size, limit), at);
  // Deflate packs at most 1032 to 1: what claims more is not believed before the memory is taken. zstd can do more.
  if (entry.method == 8 && entry.size / 1040 > entry.packed + 1) return UserError("claims an impossible size", at);
  if (!Fits(bytes_, entry.offset, kLocalSize) || Little(bytes_, entry.offset, 4) != kLocal)
    return UserError("has no local header", at);
  // The local header has lengths of its own for name and extra fields, which need not be those of the directory.
  const std::uint64_t begin =
      entry.offset + kLocalSize + Little(bytes_, entry.offset + 26, 2) + Little(bytes_, entry.offset + 28, 2);
  if (!Fits(bytes_, begin, entry.packed)) return UserError("ends beyond the file", at);
  if (entry.method != 0 && entry.method != 8 && entry.method != 93)
    return UserError(fmt::format("is packed by method {}; stored, deflate and zstd are read", entry.method), at);
  std::string out(entry.size, '\0');
  if (!Unpack(entry.method, bytes_.substr(begin, entry.packed), out) || Crc(out) != entry.crc)
    return UserError("is damaged: it does not unpack to what it was", at);
  return out;
}

Status ZipWriter::Put(const std::string& bytes) {
  at_ += bytes.size();
  return file_.Write(bytes);
}

std::vector<ZipWriter::Entry> ZipWriter::Pack(std::vector<Entry> batch) {
  for (Entry& entry : batch) {
    entry.crc = Crc(entry.bytes);
    entry.size = entry.bytes.size();
    if (std::string packed = Deflate(entry.bytes); !packed.empty()) {
      entry.method = 8;
      entry.bytes = std::move(packed);
    }
    entry.packed = entry.bytes.size();
  }
  return batch;
}

Status ZipWriter::Add(std::string name, std::string text) {
  CHECK(text.size() < kBeyond32, "an entry of 4 GB has no place in a log");
  batch_bytes_ += text.size();
  Entry& entry = batch_.emplace_back();
  entry.name = std::move(name);
  entry.bytes = std::move(text);
  return batch_bytes_ < kBatchBytes ? Status() : StartPacking();
}

Status ZipWriter::StartPacking() {
  batch_bytes_ = 0;
  std::vector<Entry> batch = std::exchange(batch_, {});
  if (packing_.valid() && packing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    batch = Pack(std::move(batch));  // in place of waiting
    TRY(WritePacked());
    return Write(std::move(batch));
  }
  TRY(WritePacked());
  packing_ = std::async(std::launch::async, Pack, std::move(batch));
  return {};
}

Status ZipWriter::WritePacked() { return packing_.valid() ? Write(packing_.get()) : Status(); }

Status ZipWriter::Write(std::vector<Entry> packed) {
  for (Entry& entry : packed) {
    entry.offset = at_;
    std::string header;
    Append(header, kLocal, 4);
    Append(header, 20, 2);
    AppendCommon(header, entry.method, entry.crc, entry.packed, entry.size, entry.name.size(), 0);
    TRY(Put(header + entry.name));
    TRY(Put(entry.bytes));
    entry.bytes = {};
    written_.push_back(std::move(entry));
  }
  return {};
}

Status ZipWriter::PutDirectory() {
  for (const Entry& entry : written_) {
    std::string extra, header;
    if (entry.offset >= kBeyond32) {
      Append(extra, 1, 2);
      Append(extra, 8, 2);
      Append(extra, entry.offset, 8);
    }
    Append(header, kCentral, 4);
    Append(header, 20, 2);
    Append(header, 20, 2);
    AppendCommon(header, entry.method, entry.crc, entry.packed, entry.size, entry.name.size(), extra.size());
    Append(header, 0, 2 + 2 + 2);  // no note, first disk, no internal attributes
    Append(header, 0, 4);
    Append(header, std::min(entry.offset, kBeyond32), 4);
    TRY(Put(header.append(entry.name).append(extra)));
  }
  return {};
}

Status ZipWriter::Finish() {
  TRY(StartPacking());
  TRY(WritePacked());
  const std::uint64_t begin = at_;
  TRY(PutDirectory());
  const std::uint64_t size = at_ - begin, count = written_.size();
  const bool big = begin >= kBeyond32 || count >= kBeyond16;
  std::string end;
  if (big) {
    Append(end, kEnd64, 4);
    Append(end, 44, 8);
    Append(end, 45, 2);
    Append(end, 45, 2);
    Append(end, 0, 4 + 4);
    for (const std::uint64_t value : {count, count, size, begin}) Append(end, value, 8);
    Append(end, kLocator64, 4);
    Append(end, 0, 4);
    Append(end, at_, 8);
    Append(end, 1, 4);
  }
  Append(end, kEnd, 4);
  Append(end, 0, 2 + 2);
  Append(end, big ? kBeyond16 : count, 2);
  Append(end, big ? kBeyond16 : count, 2);
  Append(end, big ? kBeyond32 : size, 4);
  Append(end, big ? kBeyond32 : begin, 4);
  Append(end, 0, 2);
  return Put(end);
}

}  // namespace xsweep
