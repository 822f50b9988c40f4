// SealedParts: a sealed file of transcripts that several threads write at once.
// SPDX-License-Identifier: Apache-2.0
#include "record/transcripts/sealed_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "record/transcripts/transcript_record.h"

namespace xsweep {

namespace fs = std::filesystem;

SealedParts::SealedParts(Disk& disk, fs::path scratch, std::size_t threads, std::size_t parts)
    : disk_(disk), scratch_(std::move(scratch)), files_(threads), parts_(parts) {}

fs::path SealedParts::FileOf(std::size_t thread) const { return scratch_ / fmt::format("{}.packed", thread); }

Status SealedParts::Writer::Add(std::uint64_t index, std::string_view transcript_json) {
  if (lines_++ == 0) first_ = index;
  AppendLineStart(index, text_);
  text_.append(transcript_json).append(kLineEnd);
  return text_.size() < kFrameText ? Status() : Pack();
}

Status SealedParts::Writer::Pack() {
  if (lines_ == 0) return {};
  packed_.clear();
  frames_.push_back(AppendSealedFrame(text_, first_, lines_, packed_));
  frames_.back().offset = written_;
  written_ += packed_.size();
  text_.clear();
  lines_ = 0;
  auto& file = parts_.files_[thread_];
  if (!file) {
    TRY_ASSIGN(file, parts_.disk_.Open(parts_.FileOf(thread_), OpenMode::kAppend));
  }
  return file->Write(packed_);
}

Status SealedParts::Writer::End(std::size_t part) {
  TRY(Pack());
  parts_.parts_[part] = {thread_, std::exchange(frames_, {})};
  return {};
}

Status SealedParts::Join(const fs::path& sealed) {
  const bool none = std::ranges::all_of(parts_, [](const Part& part) { return part.frames.empty(); });
  if (none) return {};
  std::vector<std::optional<MappedFile>> packed(files_.size());
  for (std::size_t thread = 0; thread < files_.size(); ++thread) {
    if (!files_[thread]) continue;
    files_[thread].reset();
    TRY_ASSIGN(packed[thread], MappedFile::Open(FileOf(thread)));
  }
  TRY_ASSIGN(auto out, AtomicFile::Create(disk_, sealed));
  std::vector<SealedFrame> frames;
  std::size_t read = 0;
  for (const Part& part : parts_) {
    for (const SealedFrame& frame : part.frames) {
      TRY(out.Write(packed[part.thread]->bytes().substr(frame.offset, frame.size)));
      frames.push_back(frame);
      read += frame.size;
    }
    if (read < kWindow) continue;
    read = 0;
    for (const auto& file : packed)
      if (file) file->Forget();
  }
  TRY(WriteSealedTables(frames, out));
  return out.Commit();
}

}  // namespace xsweep
