// LineLog: lines of text, compressed as they are written.
//
// The file is zstd frames of about 1 MiB of lines each. Every line is flushed: what was appended can be read back from
// the file as it lies there, whatever becomes of the writer, and a kill costs the line that was being written. A frame
// remembers its earlier lines, so that what lines share (tools, prompts, phrases) takes few bytes from the second on.
// A writer that ends properly ends its frame and puts an empty skippable frame behind it; what was killed is given its
// end by `FinishLineLog`. `zstd -dc` prints the lines, of a file without its end too (and complains behind the last).
// Rejected: a frame a line (three times the bytes), compressing when the run is sealed (the disk is full before that).
// Files of plain lines, as earlier versions wrote them, are read as well.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "base/files.h"

namespace xsweep {

/// The writing side; belongs to one thread.
class LineLog {
 public:
  /// Creates the file or opens it to go on behind its last whole line. Fails with kUser for a file of plain lines.
  static Expected<std::unique_ptr<LineLog>> Open(Disk& disk, const std::filesystem::path& path);
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  /// Lines with their newlines. They are with the operating system when this returns. After a failure every further
  /// append fails too: what came behind half a write could not be read.
  Status Append(std::string_view lines);
  /// From any thread, also while another one appends.
  Status Sync() { return file_->Sync(); }
  /// Ends the file properly. Appending may go on afterwards.
  Status Finish();

 private:
  class Stream;
  LineLog(std::unique_ptr<WritableFile> file, std::unique_ptr<Stream> stream);
  Status Write(std::string_view bytes);
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<Stream> stream_;
  std::size_t text_in_frame_ = 0;
  bool finished_ = true;
  bool broken_ = false;
};

/// Gives a log whose writer was killed its end: what can be read stays, in whole lines. Nothing is done where the end
/// is there already, or to plain lines. The file is replaced in one step.
Status FinishLineLog(Disk& disk, const std::filesystem::path& path);

/// The reading side, of logs that are being written too. Threads may share it; it sees what was there when it opened.
class LineFile {
 public:
  /// Where a line lies.
  struct Place {
    std::uint64_t frame = 0;   ///< offset of its frame; of a plain line, its own
    std::uint32_t offset = 0;  ///< in the frame's text
    std::uint32_t size = 0;
  };
  using Visit = std::function<Status(std::string_view line, const Place& place)>;

  static Expected<LineFile> Open(const std::filesystem::path& path);
  /// Plain or compressed lines from memory.
  static LineFile OfText(std::string text);

  /// Calls back for each line, newline left out, in order. A torn last line is left out. Where a frame is damaged, what
  /// is left of its last line counts as a line, and it goes on with the next frame.
  Status ForEachLine(const Visit& visit) const;
  /// A line again, of a place that ForEachLine has named.
  Expected<std::string> LineAt(const Place& place) const;

 private:
  struct Frame {
    std::uint64_t begin = 0;
    std::string text;
  };
  struct Opened {
    std::mutex mutex;
    std::deque<Frame> frames;  ///< the last used ones
  };
  explicit LineFile(std::variant<MappedFile, std::string> source);
  std::string_view bytes() const;
  bool compressed() const;
  Status ForEachPlainLine(const Visit& visit) const;

  std::variant<MappedFile, std::string> source_;
  std::unique_ptr<Opened> opened_;
};

}  // namespace xsweep
