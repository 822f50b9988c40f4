// SealTranscripts: from the shard logs to the sealed file of transcripts, and back.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/seal_transcripts.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "record/logs/log_place.h"
#include "record/transcripts/raw_bytes.h"
#include "record/transcripts/sealed_frames.h"
#include "record/transcripts/transcript_file.h"
#include "record/transcripts/transcript_log.h"
#include "record/transcripts/transcript_record.h"
#include "record/transcripts/zstd_frame.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// One record of the shard logs.
struct Kept {
  std::uint64_t index;  ///< of the trial
  LogPlace place;
};

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
      ForEachRecord(files_[log].bytes(), [&](const TranscriptRecord& header, std::uint64_t frame) {
        kept.push_back({header.index, LogPlace(log, frame - sizeof(TranscriptRecord))});
        Used(header.size);
      });
    }
    // By place last, so that equal attempts, which only a kill between two writes leaves, are told apart the same way
    // on every machine: the order of directory entries must not decide which dialogue is kept.
    std::ranges::sort(kept, [&](const Kept& a, const Kept& b) {
      if (a.index != b.index) return a.index < b.index;
      const std::uint32_t one = Header(a).attempt;
      const std::uint32_t other = Header(b).attempt;
      return one != other ? one > other : a.place < b.place;
    });
    return kept;
  }
  bool IsEmpty(const Kept& kept) {
    const TranscriptRecord header = Header(kept);
    Used(header.size);
    return header.size == 0;
  }
  TranscriptRecord Header(const Kept& kept) const { return ReadRaw<TranscriptRecord>(BytesAt(kept), 0); }
  /// Thread-safe, as Header is.
  std::string_view Frame(const Kept& kept, std::size_t size) {
    Used(size);
    return BytesAt(kept).substr(sizeof(TranscriptRecord), size);
  }

  /// Something of a record was looked at; what is in memory is let go from time to time. Thread-safe.
  void Used(std::size_t size) {
    const std::size_t used = *used_ += size;
    if (used < kWindow) return;
    *used_ = 0;
    for (const MappedFile& file : files_) file.Forget();
  }

 private:
  std::string_view BytesAt(const Kept& kept) const {
    return files_[kept.place.log()].bytes().substr(kept.place.offset());
  }
  std::vector<MappedFile> files_;
  std::unique_ptr<std::atomic<std::size_t>> used_ = std::make_unique<std::atomic<std::size_t>>(0);
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
  FrameMaker(Logs& logs, const std::deque<Kept>& kept) : logs_(logs), kept_(kept) {}
  void Make(Share& share) {
    text_.clear();
    text_.reserve(kFrameText + kFrameText / 8);
    for (std::size_t i = share.begin; i < share.end; ++i) {
      const TranscriptRecord header = logs_.Header(kept_[i]);
      if (AddLine(logs_.Frame(kept_[i], header.size), header.text_size)) continue;
      share.made = WorldError(fmt::format("the kept transcript of trial {} cannot be opened again", header.index));
      return;
    }
    frame_.clear();
    share.entry =
        AppendSealedFrame(text_, kept_[share.begin].index, static_cast<std::uint32_t>(share.end - share.begin), frame_);
    share.bytes = frame_;
  }

 private:
  // Most records end in the frame that the one before ended in: its text is copied instead of decompressed.
  bool AddLine(std::string_view frames, std::size_t text_size) {
    const std::size_t start = text_.size();
    text_.resize(start + text_size);
    const auto first = FirstFrameSize(frames);
    if (!first) return false;
    const std::string_view tail = frames.substr(*first);
    if (!tail.empty() && tail == tail_frame_ && tail_text_.size() <= text_size) {
      const std::size_t head = text_size - tail_text_.size();
      std::memcpy(text_.data() + start + head, tail_text_.data(), tail_text_.size());
      return Read(frames.substr(0, *first), start, head);
    }
    if (!Read(frames, start, text_size)) return false;
    if (const std::size_t tail_size = TextSizeOf(tail); tail_size > 0 && tail_size <= text_size) {
      tail_frame_ = tail;
      tail_text_ = text_.substr(text_.size() - tail_size);
    }
    return true;
  }
  bool Read(std::string_view frames, std::size_t start, std::size_t size) {
    return decompressor_.Read(frames, text_.data() + start, size);
  }
  Logs& logs_;
  const std::deque<Kept>& kept_;
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
      const TranscriptRecord header = logs.Header(kept[i]);
      logs.Used(header.size);
      // By the sizes of the texts and not of what they compress to: so where frames end is known before any is made,
      // and many threads write the bytes that one would.
      if (text == 0) shares_.emplace_back().begin = i;
      text += header.text_size;
      shares_.back().end = i + 1;
      if (text >= kFrameText) text = 0;
    }
  }
  Status Write(AtomicFile& out) {
    const std::size_t count =
        std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 8U), shares_.size());
    // One thread makes what it writes itself; the others would only wait for it.
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
    return WriteSealedTables(entries, out);
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

}  // namespace

Status SealTranscripts(Disk& disk, const fs::path& shards, const fs::path& sealed) {
  if (TranscriptLogs(shards).empty()) return {};  // an importer may have packed them already
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
    const auto kept = ReadKeptLine(line);
    if (!kept) return DamagedTranscripts(sealed);
    record.clear();
    AppendTranscriptRecord(kept->index, 0, kept->transcript, record);
    TRY(out.Write(record));
  }
  return out.Commit();
}

}  // namespace xsweep
