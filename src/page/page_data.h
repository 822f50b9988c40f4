// What the page reads: runs, one run, its rows and dialogues as JSON. One home for serve, report.html and the site.
//
// The page asks for files by path, wherever they come from (a server, plain files, blocks inside report.html):
//   data/runs.json                               every run
//   data/<exp>/<run_id>/run.json                 one run with its aggregate
//   data/<exp>/<run_id>/trials/<k>.json          up to kPageRows rows, by column
//   data/<exp>/<run_id>/transcripts/<k>.json     the kept dialogues of trials k*kPackTrials and following
//   data/<exp>/<run_id>/compare/<exp>/<run_id>.json   the first run (A) against the second (B)
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/aggregate.h"
#include "base/json.h"
#include "record/transcripts/transcript_file.h"

namespace xsweep {

inline constexpr std::uint64_t kPageRows = 16384;
inline constexpr std::uint64_t kPackTrials = 20;

/// One sentence: the rate, its interval and for what it holds, the verdict, and what is missing from it.
std::string HeadlineOf(const RunAggregate& run);

/// Fails with kUser where a file of the run that the page reads is a link, a pipe or a device: a directory from
/// elsewhere must not give away what lies beside it, nor block the page.
Status CheckOwnFiles(const std::filesystem::path& run);

/// A run directory as the page shows it. `run` lies under `results` as <exp>/<run_id>.
Expected<Json> RunForPage(const std::filesystem::path& results, const std::filesystem::path& run);

/// The rows of a run in chunks, and its dialogues. Opening reads the rows once to know where chunks begin; memory is
/// 24 bytes a chunk. Thread-safe after opening.
class PageRows {
 public:
  static Expected<PageRows> Open(const std::filesystem::path& run);

  std::size_t chunks() const { return chunks_.size(); }
  std::uint64_t rows() const { return rows_; }
  /// {chunk, chunks, sealed, rows, dict:{cell:[...],...}, columns:{outcome:"base64 of u8"...}, errors:[[row, kind,
  /// message]]}. A column whose values are all equal is that number instead. Fails with kUser beyond the last chunk.
  /// `options` change what is said, for copies that hold less than the run: how many chunks there are, and whether
  /// error messages (which may quote a model) and kept dialogues are told of.
  struct ChunkOptions {
    std::size_t chunks = 0;  ///< 0: all of them
    bool messages = true;
  };
  Expected<std::string> Chunk(std::size_t chunk, const ChunkOptions& options) const;
  Expected<std::string> Chunk(std::size_t chunk) const { return Chunk(chunk, ChunkOptions{}); }

  const TranscriptFile* transcript_file() const { return transcripts_.get(); }
  std::size_t transcripts() const { return transcripts_ ? transcripts_->size() : 0; }
  /// {transcripts:{"<index>":{...}}}; empty where none of these trials' dialogues was kept.
  Expected<std::string> Pack(std::uint64_t pack) const;

 private:
  struct Place {
    std::size_t file;
    std::uint64_t offset;
    std::uint64_t size;
  };
  Expected<std::vector<bool>> KeptAmong(const std::vector<std::uint64_t>& indexes) const;
  std::vector<std::filesystem::path> files_;
  std::vector<Place> chunks_;
  std::uint64_t rows_ = 0;
  bool sealed_ = false;
  std::shared_ptr<const TranscriptFile> transcripts_;
};

/// JSON text that may stand inside an HTML script block: no "<" and no line separators remain.
std::string JsonInHtml(std::string_view json);

}  // namespace xsweep
