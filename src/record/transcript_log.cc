// TranscriptLog: the dialogues that are kept.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcript_log.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <thread>

#include "base/hash.h"
#include "base/text.h"
#include "record/layout.h"
#include "record/log_row.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
constexpr std::uint32_t kRecordMagic = 0x32525458;     // "XTR2"
constexpr std::uint32_t kOldRecordMagic = 0x31525458;  // "XTR1": its checksum left the header out
constexpr std::string_view kMagicStart = "XTR";
constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr std::uint32_t kSkippableIndexMagic = 0x184D2A5D;
constexpr std::uint32_t kSeekMagic = 0x8F92EAB1;
constexpr std::size_t kIndexEntry = 12;  // of each frame: the trial it starts with, and its lines
// 4 MiB of lines in a frame would halve the file, and be slow to open for one line.
constexpr std::size_t kFrameText = std::size_t{1} << 20U;
constexpr int kSealedLevel = 3;
// While a run goes on, time counts and not size: half of level 1's time for a tenth more bytes.
constexpr int kLogLevel = -3;
constexpr int kTailLevel = 3;
constexpr std::string_view kTranscriptKey = ",\"transcript\":";
constexpr std::string_view kTailStart = ",\"system\":\"";  // quotes inside strings are escaped: this is a member
constexpr std::size_t kSmallestTail = 1024;
constexpr std::size_t kMaxTranscript = std::size_t{64} << 20U;

/// In front of every frame of a shard log; all fields little-endian, as on every machine this runs on.
struct RecordHeader {
  std::uint32_t magic;
  std::uint32_t attempt;
  std::uint64_t index;
  std::uint64_t checksum;  ///< XXH3 over the frame, seeded with the other fields
  std::uint32_t size;
  std::uint32_t text_size;
};
static_assert(sizeof(RecordHeader) == 32);

/// A flipped bit in a header would hand one trial's dialogue to another.
std::uint64_t ChecksumOf(const RecordHeader& header, std::string_view frame) {
  if (header.magic == kOldRecordMagic) return Hash64(frame);
  const std::uint64_t fields[] = {header.index, std::uint64_t{header.attempt} << 32U | header.text_size, header.size};
  return Hash64(frame, Hash64({reinterpret_cast<const char*>(fields), sizeof fields}));
}

template <class T>
void AppendRaw(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T ReadRaw(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// One record of the shard logs.
struct Kept {
  std::uint64_t index;  ///< of the trial
  std::uint64_t place;  ///< log << 44 | offset of the record
};
constexpr unsigned kOffsetBits = 44;
constexpr std::size_t kWindow = std::size_t{32} << 20U;  // bytes of logs in memory
constexpr std::uint64_t kMostHashed = std::uint64_t{64} << 20U;

/// Whether a whole record starts at `offset`.
bool IsRecord(std::string_view bytes, std::uint64_t offset) {
  if (bytes.size() - offset < sizeof(RecordHeader)) return false;
  const auto header = ReadRaw<RecordHeader>(bytes, offset);
  const std::uint64_t frame = offset + sizeof(RecordHeader);
  const bool ours = header.magic == kRecordMagic || header.magic == kOldRecordMagic;
  return ours && header.size <= bytes.size() - frame &&
         ChecksumOf(header, bytes.substr(frame, header.size)) == header.checksum;
}

/// How far a log of transcripts can be read.
struct Whole {
  std::uint64_t end = 0;      ///< behind the last whole record
  std::uint64_t damaged = 0;  ///< bytes between whole records that belong to none
};

/// Calls back for each whole record. Behind a damaged one it goes on at the next, so that a page that was lost costs
/// what was in it and not all that came after it. Looks at most a few times at any byte: what follows a false start is
/// not hashed again, for a damaged size would otherwise make this quadratic.
template <class Visit>
Whole ForEachRecord(std::string_view bytes, const Visit& visit) {
  Whole whole;
  std::uint64_t hashed = 0;
  std::uint64_t offset = 0;
  while ((offset = bytes.find(kMagicStart, offset)) != std::string_view::npos) {
    if (bytes.size() - offset < sizeof(RecordHeader)) break;
    const auto header = ReadRaw<RecordHeader>(bytes, offset);
    hashed += std::min<std::uint64_t>(header.size, bytes.size() - offset);
    if (hashed > kMostHashed + 4 * bytes.size()) break;
    if (!IsRecord(bytes, offset)) {
      ++offset;
      continue;
    }
    const std::uint64_t frame = offset + sizeof(RecordHeader);
    whole.damaged += offset - whole.end;
    visit(header, frame);
    whole.end = offset = frame + header.size;
  }
  return whole;
}

std::vector<fs::path> TranscriptLogs(const fs::path& shards) {
  std::vector<fs::path> logs;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(shards, absent)) {
    if (entry.path().extension() == layout::kTranscriptLog) logs.push_back(entry.path());
  }
  std::ranges::sort(logs);
  return logs;
}

/// What the tables at the end say of a frame.
struct SealedFrame {
  std::uint32_t size = 0;
  std::uint32_t text_size = 0;
  std::uint64_t first_trial = 0;
  std::uint32_t lines = 0;
};

Status WriteTables(const std::vector<SealedFrame>& frames, AtomicFile& out) {
  std::string index;
  AppendRaw(kSkippableIndexMagic, index);
  AppendRaw(static_cast<std::uint32_t>(frames.size() * kIndexEntry), index);
  for (const SealedFrame& frame : frames) {
    AppendRaw(frame.first_trial, index);
    AppendRaw(frame.lines, index);
  }
  TRY(out.Write(index));
  std::string table;
  AppendRaw(kSkippableMagic, table);
  AppendRaw(static_cast<std::uint32_t>(frames.size() * 8 + 9), table);
  for (const SealedFrame& frame : frames) {
    AppendRaw(frame.size, table);
    AppendRaw(frame.text_size, table);
  }
  AppendRaw(static_cast<std::uint32_t>(frames.size()), table);
  table += '\0';  // descriptor: no checksums of our own in the table, zstd's frames carry theirs
  AppendRaw(kSeekMagic, table);
  return out.Write(table);
}

/// The shard logs of transcripts, mapped; of them only a window is in memory.
class Logs {
 public:
  static Expected<Logs> Open(const fs::path& shards) {
    Logs logs;
    for (const fs::path& path : TranscriptLogs(shards)) {
      TRY_ASSIGN(auto file, MappedFile::Open(path));
      logs.files_.push_back(std::move(file));
    }
    return logs;
  }
  /// Every record, by trial, and of one trial the attempt that counts first.
  std::deque<Kept> Sorted() {
    std::deque<Kept> kept;  // no vector: growing one takes three times its memory
    for (std::uint64_t log = 0; log < files_.size(); ++log) {
      ForEachRecord(files_[log].bytes(), [&](const RecordHeader& header, std::uint64_t frame) {
        kept.push_back({header.index, log << kOffsetBits | (frame - sizeof(RecordHeader))});
        Used(header.size);
      });
    }
    std::ranges::sort(kept, [&](const Kept& a, const Kept& b) {
      if (a.index != b.index) return a.index < b.index;
      const std::uint32_t one = Header(a).attempt;
      const std::uint32_t other = Header(b).attempt;
      return one != other ? one > other : a.place < b.place;
    });
    return kept;
  }
  bool IsEmpty(const Kept& kept) {
    const RecordHeader header = Header(kept);
    Used(header.size);
    return header.size == 0;
  }
  RecordHeader Header(const Kept& kept) const { return ReadRaw<RecordHeader>(BytesAt(kept), 0); }
  /// Thread-safe, as Header is.
  std::string_view Frame(const Kept& kept, std::size_t size) {
    Used(size);
    return BytesAt(kept).substr(sizeof(RecordHeader), size);
  }

  /// Something of a record was looked at; what is in memory is let go from time to time. Thread-safe.
  void Used(std::size_t size) {
    if ((*used_ += size) < kWindow) return;
    *used_ = 0;
    for (const MappedFile& file : files_) file.Forget();
  }

 private:
  std::string_view BytesAt(const Kept& kept) const {
    return files_[kept.place >> kOffsetBits].bytes().substr(kept.place & ((std::uint64_t{1} << kOffsetBits) - 1));
  }
  std::vector<MappedFile> files_;
  std::unique_ptr<std::atomic<std::size_t>> used_ = std::make_unique<std::atomic<std::size_t>>(0);
};

/// One thread's compressor. Transcripts of a run end in the same system prompt, most of their bytes: that tail is a
/// frame of its own, compressed once and then copied. Where the tail starts follows from the text alone, so that the
/// bytes do not depend on what was compressed before.
class Compressor {
 public:
  explicit Compressor(int level) : level_(level), context_(ZSTD_createCCtx()) {
    SetLevel(level);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor() { ZSTD_freeCCtx(context_); }

  /// The end of `json` that tail_frame() then stands for; empty when there is none worth a frame.
  std::string_view SharedTail(std::string_view json) {
    if (!tail_.empty() && json.ends_with(tail_)) return json.substr(json.size() - tail_.size());
    const std::size_t start = json.rfind(kTailStart);
    if (start == std::string_view::npos || json.size() - start < kSmallestTail) return {};
    tail_ = json.substr(start);
    tail_frame_.clear();
    SetLevel(kTailLevel);
    Append(tail_ + "}\n", tail_frame_);
    SetLevel(level_);
    return json.substr(start);
  }
  const std::string& tail_frame() const { return tail_frame_; }

  void Append(std::string_view text, std::string& out) {
    const std::size_t start = out.size();
    out.resize_and_overwrite(start + ZSTD_compressBound(text.size()), [&](char* data, std::size_t room) {
      const std::size_t size = ZSTD_compress2(context_, data + start, room - start, text.data(), text.size());
      CHECK(ZSTD_isError(size) == 0, "zstd could not compress into a buffer of its own bound");
      return start + size;
    });
  }

 private:
  void SetLevel(int level) { ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level); }
  int level_;
  ZSTD_CCtx* context_;
  std::string tail_;
  std::string tail_frame_;
};

/// One thread's decompressor.
class Decompressor {
 public:
  Decompressor() : context_(ZSTD_createDCtx()) {}
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor() { ZSTD_freeDCtx(context_); }
  /// The bytes written into `text`, or an error code of zstd's.
  std::size_t Read(std::string_view frames, char* text, std::size_t size) const {
    return ZSTD_decompressDCtx(context_, text, size, frames.data(), frames.size());
  }

 private:
  ZSTD_DCtx* context_;
};

/// One frame of the sealed file: which records share it, and what became of them.
struct Share {
  std::size_t begin = 0, end = 0;  ///< among the records
  SealedFrame entry;
  std::string bytes;
  Status made;
  bool ready = false;
};

/// Makes frames of the sealed file; belongs to one thread.
class FrameMaker {
 public:
  FrameMaker(Logs& logs, const std::deque<Kept>& kept) : logs_(logs), kept_(kept), compressor_(kSealedLevel) {}
  void Make(Share& share) {
    text_.clear();
    text_.reserve(kFrameText + kFrameText / 8);
    for (std::size_t i = share.begin; i < share.end; ++i) {
      const RecordHeader header = logs_.Header(kept_[i]);
      if (AddLine(logs_.Frame(kept_[i], header.size), header.text_size)) continue;
      share.made = WorldError(fmt::format("the kept transcript of trial {} cannot be opened again", header.index));
      return;
    }
    frame_.clear();
    compressor_.Append(text_, frame_);
    share.bytes = frame_;
    share.entry = {static_cast<std::uint32_t>(share.bytes.size()), static_cast<std::uint32_t>(text_.size()),
                   kept_[share.begin].index, static_cast<std::uint32_t>(share.end - share.begin)};
  }

 private:
  // Most records end in the frame that the one before ended in: its text is copied instead of decompressed.
  bool AddLine(std::string_view frames, std::size_t text_size) {
    const std::size_t start = text_.size();
    text_.resize(start + text_size);
    const std::size_t first = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
    if (ZSTD_isError(first) != 0) return false;
    const std::string_view tail = frames.substr(first);
    if (!tail.empty() && tail == tail_frame_ && tail_text_.size() <= text_size) {
      const std::size_t head = text_size - tail_text_.size();
      std::memcpy(text_.data() + start + head, tail_text_.data(), tail_text_.size());
      return Read(frames.substr(0, first), start, head);
    }
    if (!Read(frames, start, text_size)) return false;
    if (const std::size_t tail_size = TextSize(tail); tail_size > 0 && tail_size <= text_size) {
      tail_frame_ = tail;
      tail_text_ = text_.substr(text_.size() - tail_size);
    }
    return true;
  }
  bool Read(std::string_view frames, std::size_t start, std::size_t size) {
    return decompressor_.Read(frames, text_.data() + start, size) == size;
  }
  /// Of one frame that says it; 0 of anything else.
  static std::size_t TextSize(std::string_view frame) {
    if (frame.empty() || ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) return 0;
    const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
  }
  Logs& logs_;
  const std::deque<Kept>& kept_;
  Compressor compressor_;
  Decompressor decompressor_;
  std::string text_, frame_;
  std::string tail_frame_, tail_text_;  ///< of the last record that had another tail than the one before
};

/// Makes the frames on a few threads and writes them in their order. Where a frame ends follows from sizes alone.
class Sealer {
 public:
  Sealer(Logs& logs, const std::deque<Kept>& kept) : logs_(logs), kept_(kept) {
    std::size_t text = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const RecordHeader header = logs.Header(kept[i]);
      logs.Used(header.size);
      if (text == 0) shares_.emplace_back().begin = i;
      text += header.text_size;
      shares_.back().end = i + 1;
      if (text >= kFrameText) text = 0;
    }
  }
  Status Write(AtomicFile& out) {
    const std::size_t count =
        std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 8U), shares_.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; count > 1 && i < count; ++i) threads.emplace_back([this] { MakeFrames(); });
    const Status written = WriteFrames(out, count);
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    return written;
  }

 private:
  void MakeFrames() {
    FrameMaker maker(logs_, kept_);
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stop_ || next_ == shares_.size() || next_ < written_ + kAhead; });
      if (stop_ || next_ == shares_.size()) return;
      Share& share = shares_[next_++];
      lock.unlock();
      maker.Make(share);
      lock.lock();
      share.ready = true;
      changed_.notify_all();
    }
  }
  Status WriteFrames(AtomicFile& out, std::size_t threads) {
    std::optional<FrameMaker> own;
    if (threads <= 1) own.emplace(logs_, kept_);
    std::vector<SealedFrame> entries;
    for (Share& share : shares_) {
      own ? own->Make(share) : Wait(share);
      TRY(share.made);
      TRY(out.Write(std::exchange(share.bytes, {})));
      entries.push_back(share.entry);
    }
    return WriteTables(entries, out);
  }
  void Wait(const Share& share) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return share.ready; });
    ++written_;
    changed_.notify_all();
  }

  static constexpr std::size_t kAhead = 16;  // frames in memory
  Logs& logs_;
  const std::deque<Kept>& kept_;
  std::deque<Share> shares_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0, written_ = 0;
  bool stop_ = false;
};

/// The trial whose dialogue the line rests on.
std::optional<std::uint64_t> HolderIn(std::string_view line) {
  constexpr std::string_view kHolder = "{\"dialogue\":";
  const std::size_t start = line.find(kTranscriptKey);
  if (start == std::string_view::npos) return std::nullopt;
  line.remove_prefix(start + kTranscriptKey.size());
  if (!line.starts_with(kHolder)) return std::nullopt;
  line.remove_prefix(kHolder.size());
  return ParseUnsigned(line.substr(0, line.find_first_of(",}")));
}

/// `own` with all of the dialogue's line that it does not say itself.
Expected<std::string> WithDialogue(std::string_view own, std::string_view dialogue) {
  TRY_ASSIGN(const Json mine, Json::Parse(own, "transcript"));
  TRY_ASSIGN(const Json held, Json::Parse(dialogue, "transcript"));
  const Json* members = mine.Find("transcript");
  const Json* found = held.Find("transcript");
  if (members == nullptr || found == nullptr || !members->is_object() || !found->is_object())
    return UserError("a kept transcript is damaged");
  Json whole = *found;
  for (const char* of_judge : {"assessment", "task"}) {
    if (members->Find(of_judge) == nullptr) whole.Erase(of_judge);
  }
  for (const auto& [name, value] : members->members()) whole.Set(name, value);
  Json line = mine;
  line.Set("transcript", std::move(whole));
  return line.Dump() + "\n";
}

std::unexpected<Error> Damaged(const fs::path& path) {
  return UserError("is damaged or no transcript file of xsweep; make it again from the run", path.string());
}

}  // namespace

void AppendTranscriptRecord(std::uint64_t index, std::uint32_t attempt, std::string_view transcript_json,
                            std::string& out) {
  thread_local Compressor compressor(kLogLevel);
  thread_local std::string head;
  const std::string_view tail = compressor.SharedTail(transcript_json);
  head = fmt::format("{{\"index\":{},\"transcript\":", index);
  head.append(transcript_json.substr(0, transcript_json.size() - tail.size()));
  if (tail.empty()) head += "}\n";
  const std::size_t start = out.size();
  out.resize(start + sizeof(RecordHeader));
  compressor.Append(head, out);
  std::size_t text_size = head.size();
  if (!tail.empty()) {
    out += compressor.tail_frame();
    text_size += tail.size() + 2;
  }
  const std::string_view frames = std::string_view(out).substr(start + sizeof(RecordHeader));
  RecordHeader header{kRecordMagic,
                      attempt,
                      index,
                      0,
                      static_cast<std::uint32_t>(frames.size()),
                      static_cast<std::uint32_t>(text_size)};
  header.checksum = ChecksumOf(header, frames);
  std::memcpy(out.data() + start, &header, sizeof header);
}

void AppendNoTranscript(std::uint64_t index, std::uint32_t attempt, std::string& out) {
  RecordHeader header{kRecordMagic, attempt, index, 0, 0, 0};
  header.checksum = ChecksumOf(header, {});
  AppendRaw(header, out);
}

Expected<std::unique_ptr<TranscriptLog>> TranscriptLog::Open(Disk& disk, const fs::path& path) {
  if (fs::exists(path)) {
    std::uint64_t whole = 0;
    {
      TRY_ASSIGN(const MappedFile old, MappedFile::Open(path));
      whole = ForEachRecord(old.bytes(), [](const RecordHeader&, std::uint64_t) {}).end;
    }
    if (whole != fs::file_size(path)) TRY(disk.Truncate(path, whole));
  }
  TRY_ASSIGN(auto file, disk.Open(path, OpenMode::kAppend));
  return std::unique_ptr<TranscriptLog>(new TranscriptLog(std::move(file)));
}

Status TranscriptLog::Append(std::string_view records) {
  const std::lock_guard lock(mutex_);
  return file_->Write(records);
}

// Appending goes on while the disk works.
Status TranscriptLog::Sync() { return file_->Sync(); }

Expected<std::uint64_t> ForEachKeptTranscript(const fs::path& shards,
                                              const std::function<void(std::uint64_t, std::uint32_t)>& visit) {
  std::uint64_t damaged = 0;
  for (const fs::path& path : TranscriptLogs(shards)) {
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
    std::size_t read = 0;
    const Whole whole = ForEachRecord(file.bytes(), [&](const RecordHeader& header, std::uint64_t) {
      if (header.size > 0) visit(header.index, header.attempt);
      read += header.size;
      if (read > kWindow) file.Forget(), read = 0;
    });
    damaged += whole.damaged;
  }
  return damaged;
}

Status SealTranscripts(Disk& disk, const fs::path& shards, const fs::path& sealed) {
  TRY_ASSIGN(Logs logs, Logs::Open(shards));
  std::deque<Kept> kept = logs.Sorted();
  const auto repeats = std::ranges::unique(kept, {}, &Kept::index);
  kept.erase(repeats.begin(), repeats.end());
  std::erase_if(kept, [&](const Kept& record) { return logs.IsEmpty(record); });
  if (kept.empty()) return fs::exists(sealed) ? disk.Remove(sealed) : Status();
  TRY_ASSIGN(auto out, AtomicFile::Create(disk, sealed));
  TRY(Sealer(logs, kept).Write(out));
  return out.Commit();
}

Status UnsealTranscripts(Disk& disk, const fs::path& sealed, const fs::path& log) {
  TRY_ASSIGN(const auto file, TranscriptFile::Open(sealed));
  TRY_ASSIGN(auto out, AtomicFile::Create(disk, log));
  std::string record;
  for (std::size_t n = 0; n < file.size(); ++n) {
    TRY_ASSIGN(const std::string line, file.LineAsKept(n));
    const auto index = RowIndex(line);
    const std::size_t start = line.find(kTranscriptKey);
    if (!index || start == std::string::npos || !line.ends_with("}\n")) return Damaged(sealed);
    const std::size_t begin = start + kTranscriptKey.size();
    record.clear();
    AppendTranscriptRecord(*index, 0, std::string_view(line).substr(begin, line.size() - 2 - begin), record);
    TRY(out.Write(record));
  }
  return out.Commit();
}

Expected<TranscriptFile> TranscriptFile::Open(const fs::path& path) {
  TRY_ASSIGN(auto file, MappedFile::Open(path));
  const std::string_view bytes = file.bytes();
  if (bytes.size() < 17 || ReadRaw<std::uint32_t>(bytes, bytes.size() - 4) != kSeekMagic) return Damaged(path);
  const std::uint64_t count = ReadRaw<std::uint32_t>(bytes, bytes.size() - 9);
  const std::uint64_t table_size = count * 8 + 17;
  if (table_size > bytes.size()) return Damaged(path);
  const std::uint64_t table = bytes.size() - table_size;
  if (ReadRaw<std::uint32_t>(bytes, table) != kSkippableMagic) return Damaged(path);
  std::vector<Frame> frames(count);
  std::uint64_t offset = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    frames[i].offset = offset;
    frames[i].size = ReadRaw<std::uint32_t>(bytes, table + 8 + i * 8);
    frames[i].text_size = ReadRaw<std::uint32_t>(bytes, table + 12 + i * 8);
    frames[i].first_line = i;
    offset += frames[i].size;
  }
  if (offset == table) return TranscriptFile(std::move(file), std::move(frames), false);
  if (offset + 8 + count * kIndexEntry != table) return Damaged(path);
  if (ReadRaw<std::uint32_t>(bytes, offset) != kSkippableIndexMagic) return Damaged(path);
  std::size_t line = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    frames[i].first_trial = ReadRaw<std::uint64_t>(bytes, offset + 8 + i * kIndexEntry);
    frames[i].lines = ReadRaw<std::uint32_t>(bytes, offset + 16 + i * kIndexEntry);
    // A line has at least a character and its end.
    if (frames[i].lines == 0 || frames[i].lines > frames[i].text_size) return Damaged(path);
    frames[i].first_line = line;
    line += frames[i].lines;
  }
  return TranscriptFile(std::move(file), std::move(frames), true);
}

TranscriptFile::TranscriptFile(MappedFile file, std::vector<Frame> frames, bool indexed)
    : file_(std::move(file)),
      frames_(std::move(frames)),
      lines_(frames_.empty() ? 0 : frames_.back().first_line + frames_.back().lines),
      indexed_(indexed),
      opened_(std::make_unique<Opened>()),
      after_index_(std::make_unique<std::atomic<std::uint64_t>[]>(indexed ? 0 : lines_)) {}

Expected<const TranscriptFile::OpenedFrame*> TranscriptFile::OpenFrame(const Frame& frame) const {
  if (opened_->frames[opened_->last].frame != &frame) opened_->last = 1 - opened_->last;
  OpenedFrame& opened = opened_->frames[opened_->last];
  if (opened.frame == &frame) return &opened;
  if (frame.text_size > kMaxTranscript + kFrameText)
    return UserError(fmt::format("transcript {} is larger than 64 MiB", frame.first_line));
  opened.frame = nullptr;
  opened.lines.clear();
  opened.text.resize(frame.text_size);
  thread_local const Decompressor decompressor;
  const std::size_t size =
      decompressor.Read(file_.bytes().substr(frame.offset, frame.size), opened.text.data(), opened.text.size());
  const bool whole = ZSTD_isError(size) == 0 && size == frame.text_size;
  for (std::string_view rest = opened.text; whole && !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    opened.lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (opened.lines.size() != frame.lines)
    return UserError(fmt::format("transcripts from {} on are damaged", frame.first_line));
  opened.frame = &frame;
  return &opened;
}

Expected<std::string> TranscriptFile::Line(std::size_t n) const {
  TRY_ASSIGN(std::string own, LineAsKept(n));
  const auto holder = HolderIn(own);
  if (!holder) return own;
  TRY_ASSIGN(const std::size_t place, LowerBound(*holder));
  const auto dialogue = place < size() ? LineAsKept(place) : Expected<std::string>(std::string());
  TRY(dialogue);
  if (RowIndex(*dialogue) != holder)
    return UserError(fmt::format("transcript {} rests on the dialogue of trial {}, which is not there", n, *holder));
  return WithDialogue(own, *dialogue);
}

Expected<std::string> TranscriptFile::LineAsKept(std::size_t n) const {
  CHECK(n < lines_, "a transcript beyond the last was asked for");
  const Frame& frame = *std::prev(std::ranges::upper_bound(frames_, n, {}, &Frame::first_line));
  const std::lock_guard lock(opened_->mutex);
  TRY_ASSIGN(const OpenedFrame* opened, OpenFrame(frame));
  return std::string(opened->lines[n - frame.first_line]);
}

Expected<std::uint64_t> TranscriptFile::IndexAt(std::size_t n) const {
  // An index is not believed how many lines there are: memory is taken for frames that have been opened only.
  std::atomic<std::uint64_t>* known = indexed_ ? nullptr : &after_index_[n];
  if (known != nullptr && *known != 0) return *known - 1;
  TRY_ASSIGN(const std::string line, LineAsKept(n));
  const auto index = RowIndex(line);
  if (!index) return UserError(fmt::format("transcript {} is damaged", n));
  if (known != nullptr) *known = *index + 1;
  return *index;
}

std::pair<std::size_t, std::size_t> TranscriptFile::LinesNear(std::uint64_t index) const {
  if (!indexed_) return {0, std::min<std::uint64_t>(lines_, index)};  // at most `index` trials come before it
  const auto after = std::ranges::upper_bound(frames_, index, {}, &Frame::first_trial);
  if (after == frames_.begin()) return {0, 0};
  const Frame& frame = *std::prev(after);
  return {frame.first_line, frame.first_line + frame.lines};
}

Expected<std::size_t> TranscriptFile::LowerBound(std::uint64_t index) const {
  auto [low, high] = LinesNear(index);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    TRY_ASSIGN(const std::uint64_t here, IndexAt(middle));
    (here < index ? low : high) = here < index ? middle + 1 : middle;
  }
  return low;
}

Expected<std::optional<Json>> TranscriptFile::Find(std::uint64_t index) const {
  TRY_ASSIGN(const std::size_t n, LowerBound(index));
  if (n == size()) return std::optional<Json>();
  TRY_ASSIGN(const std::string line, Line(n));
  if (RowIndex(line) != index) return std::optional<Json>();
  TRY_ASSIGN(const Json json, Json::Parse(line, fmt::format("transcript of trial {}", index)));
  const Json* transcript = json.Find("transcript");
  return transcript == nullptr ? std::optional<Json>() : std::optional<Json>(*transcript);
}

}  // namespace xsweep
