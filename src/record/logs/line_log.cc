// LineLog: lines of text, compressed as they are written.
// SPDX-License-Identifier: Apache-2.0
#include "record/logs/line_log.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::string_view kFrameMagic = "\x28\xB5\x2F\xFD"sv;
// A skippable frame without content: readers of zstd pass over it, and whoever looks for the end finds it at once.
constexpr std::string_view kEnd = "\x5F\x2A\x4D\x18\0\0\0\0"sv;
constexpr std::size_t kFrameText = std::size_t{1} << 20U;
constexpr std::size_t kMaxFrameText = std::size_t{1} << 28U;  // a line may be large; a file from elsewhere may lie
constexpr int kWindowLog = 20;
constexpr int kLevel = 1;
constexpr std::size_t kKeptFrames = 32;
constexpr int kMostFalseStarts = 1000;

struct Decoded {
  std::string text;
  std::size_t size = 0;  ///< bytes of the file that the frame takes, as far as it can be read
  bool whole = false;    ///< its end is there
  bool damaged = false;  ///< it ends in bytes that are no part of it
};

/// The frame that `bytes` start with. Of one without its end: all that was flushed.
Decoded Decode(std::string_view bytes) {
  struct Context {
    ZSTD_DCtx* it = ZSTD_createDCtx();
    ~Context() { ZSTD_freeDCtx(it); }
  };
  thread_local const Context context;
  ZSTD_DCtx_reset(context.it, ZSTD_reset_session_only);
  Decoded frame;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    const std::size_t before = frame.text.size();
    frame.text.resize(before + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out{frame.text.data() + before, frame.text.size() - before, 0};
    const std::size_t left = ZSTD_decompressStream(context.it, &out, &in);
    frame.text.resize(before + out.pos);
    frame.size = in.pos;
    frame.whole = left == 0;
    frame.damaged = ZSTD_isError(left) != 0 || frame.text.size() > kMaxFrameText;
    const bool starved = in.pos == in.size && out.pos < out.size;
    if (frame.whole || frame.damaged || starved) return frame;
  }
}

/// Calls back for each frame: where it begins and what it holds. Between frames there is nothing but ends; behind
/// damage it goes on at the next magic number. A frame without an end that others follow is damaged: its size is.
template <class Visit>
Status ForEachFrame(std::string_view bytes, const Visit& visit) {
  int false_starts = 0;
  for (std::size_t begin = bytes.find(kFrameMagic); begin != std::string_view::npos;) {
    Decoded frame = Decode(bytes.substr(begin));
    const std::size_t next = bytes.find(kFrameMagic, begin + (frame.whole ? frame.size : kFrameMagic.size()));
    frame.damaged = frame.damaged || (!frame.whole && next != std::string_view::npos);
    TRY(visit(begin, frame));
    if (frame.damaged && ++false_starts > kMostFalseStarts) return {};
    begin = next;
  }
  return {};
}

Status VisitLines(std::uint64_t begin, const Decoded& frame, const LineFile::Visit& visit) {
  std::size_t start = 0;
  while (start < frame.text.size()) {
    const std::size_t end = frame.text.find('\n', start);
    if (end == std::string::npos) break;
    const LineFile::Place place{begin, static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end - start)};
    TRY(visit(std::string_view(frame.text).substr(start, end - start), place));
    start = end + 1;
  }
  if (!frame.damaged) return {};
  const std::string_view rest = std::string_view(frame.text).substr(start);
  return visit(rest, {begin, static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(rest.size())});
}

/// What of a log can stay as it lies there, and the whole lines of a frame behind it that has no end or a damaged one.
struct Remains {
  std::uint64_t size = 0;
  std::string lines;
};

Remains RemainsOf(std::string_view bytes) {
  Remains remains;
  (void)ForEachFrame(bytes, [&](std::uint64_t begin, const Decoded& frame) -> Status {
    remains = {begin + (frame.whole ? frame.size : 0), {}};
    if (!frame.whole) remains.lines = frame.text.substr(0, frame.text.rfind('\n') + 1);
    return {};
  });
  return remains;
}

}  // namespace

/// Compresses into frames.
class LineLog::Stream {
 public:
  Stream() : context_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, kWindowLog);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { ZSTD_freeCCtx(context_); }

  /// The bytes that stand for `text`; valid until the next call.
  std::string_view Next(std::string_view text, bool ends_frame) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    std::size_t used = 0;
    for (std::size_t left = 1; left > 0;) {
      out_.resize(std::max(out_.size(), used + ZSTD_CStreamOutSize()));
      ZSTD_outBuffer out{out_.data(), out_.size(), used};
      left = ZSTD_compressStream2(context_, &out, &in, ends_frame ? ZSTD_e_end : ZSTD_e_flush);
      CHECK(ZSTD_isError(left) == 0, "zstd could not compress a line");
      used = out.pos;
    }
    return std::string_view(out_).substr(0, used);
  }

 private:
  ZSTD_CCtx* context_;
  std::string out_;
};

LineLog::LineLog(std::unique_ptr<WritableFile> file, std::unique_ptr<Stream> stream)
    : file_(std::move(file)), stream_(std::move(stream)) {}
LineLog::~LineLog() = default;

Expected<std::unique_ptr<LineLog>> LineLog::Open(Disk& disk, const fs::path& path) {
  if (fs::exists(path)) {
    TRY(FinishLineLog(disk, path));
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
    if (file.bytes().starts_with('{'))
      return UserError("holds plain lines, as an earlier version wrote them; nothing is added to them", path.string());
  }
  TRY_ASSIGN(auto file, disk.Open(path, OpenMode::kAppend));
  return std::unique_ptr<LineLog>(new LineLog(std::move(file), std::make_unique<Stream>()));
}

Status LineLog::Append(std::string_view lines) {
  text_in_frame_ += lines.size();
  const bool full = text_in_frame_ >= kFrameText;
  if (full) text_in_frame_ = 0;
  finished_ = false;
  return Write(stream_->Next(lines, full));
}

Status LineLog::Write(std::string_view bytes) {
  if (broken_) return WorldError("an earlier write to this log failed; resume the run");
  Status written = file_->Write(bytes);
  broken_ = !written;
  return written;
}

Status LineLog::Finish() {
  if (finished_) return {};
  if (std::exchange(text_in_frame_, 0) > 0) TRY(Write(stream_->Next({}, true)));
  finished_ = true;
  return file_->size() > 0 ? Write(kEnd) : Status();
}

Status FinishLineLog(Disk& disk, const fs::path& path) {
  TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const std::string_view bytes = file.bytes();
  if (bytes.empty() || bytes.ends_with(kEnd) || bytes.starts_with('{')) return {};
  const Remains remains = RemainsOf(bytes);
  TRY_ASSIGN(auto out, AtomicFile::Create(disk, path));
  TRY(out.Write(bytes.substr(0, remains.size)));
  if (!remains.lines.empty()) {
    std::string frame(ZSTD_compressBound(remains.lines.size()), '\0');
    const std::size_t size =
        ZSTD_compress(frame.data(), frame.size(), remains.lines.data(), remains.lines.size(), kLevel);
    CHECK(ZSTD_isError(size) == 0, "zstd could not compress into a buffer of its own bound");
    TRY(out.Write(std::string_view(frame).substr(0, size)));
  }
  TRY(out.Write(kEnd));
  return out.Commit();
}

LineFile::LineFile(std::variant<MappedFile, std::string> source)
    : source_(std::move(source)), opened_(std::make_unique<Opened>()) {}

Expected<LineFile> LineFile::Open(const fs::path& path) {
  TRY_ASSIGN(MappedFile file, MappedFile::Open(path));
  return LineFile(std::move(file));
}

LineFile LineFile::OfText(std::string text) { return LineFile(std::move(text)); }

std::string_view LineFile::bytes() const {
  const auto* text = std::get_if<std::string>(&source_);
  return text != nullptr ? std::string_view(*text) : std::get<MappedFile>(source_).bytes();
}

bool LineFile::compressed() const { return bytes().starts_with(kFrameMagic) || bytes().starts_with(kEnd.substr(0, 4)); }

Status LineFile::ForEachLine(const Visit& visit) const {
  if (!compressed()) return ForEachPlainLine(visit);
  return ForEachFrame(bytes(),
                      [&](std::uint64_t begin, const Decoded& frame) { return VisitLines(begin, frame, visit); });
}

Status LineFile::ForEachPlainLine(const Visit& visit) const {
  const std::string_view text = bytes();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;  // torn by a kill
    TRY(visit(text.substr(begin, end - begin), {begin, 0, static_cast<std::uint32_t>(end - begin)}));
    begin = end + 1;
  }
  return {};
}

Expected<std::string> LineFile::LineAt(const Place& place) const {
  if (!compressed()) return std::string(bytes().substr(place.frame + place.offset, place.size));
  const std::lock_guard lock(opened_->mutex);
  std::deque<Frame>& frames = opened_->frames;
  auto found = std::ranges::find(frames, place.frame, &Frame::begin);
  if (found == frames.end()) {
    if (frames.size() == kKeptFrames) frames.pop_front();
    frames.push_back({place.frame, Decode(bytes().substr(place.frame)).text});
    found = std::prev(frames.end());
  }
  if (place.offset + std::size_t{place.size} > found->text.size()) return WorldError("a line of a log is gone");
  return found->text.substr(place.offset, place.size);
}

}  // namespace xsweep
