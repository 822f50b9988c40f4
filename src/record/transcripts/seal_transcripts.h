// SealTranscripts: from the shard logs to the sealed file of transcripts, and back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/files.h"

namespace xsweep {

/// Writes transcripts.jsonl.zst from the shard logs, in plan order; of several for one trial the last attempt counts.
/// Where they hold none there is no such file afterwards; without any log it stays as it is.
Status SealTranscripts(Disk& disk, const std::filesystem::path& shards, const std::filesystem::path& sealed);
/// Makes a shard log of a sealed file, so that more trials can be added; its records count as attempt 0.
Status UnsealTranscripts(Disk& disk, const std::filesystem::path& sealed, const std::filesystem::path& log);

}  // namespace xsweep
