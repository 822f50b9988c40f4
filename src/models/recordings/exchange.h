// Exchange: one request to a model and what came of it, as a line of a recording.
//
// A recording is JSON lines, appended as exchanges end; a kill can tear the last line only, and whoever reads it drops
// that line. One line:
//   {"cell":..., "task":..., "seed":..., "trial":..., "role":"agent", "turn":2, "hash":"16 hex digits",
//    "after":1, "kept":3, "head":"16 hex digits", "messages":[...],
//    "reply":{...} or "error":{"message":..., "where":...}, "sum":"8 hex digits"}
// A dialogue only grows, so a line that has "after" leaves out what the request of that earlier turn already held:
// its first `kept` messages, and the head where it is the same. Rejected: whole requests, whose size is quadratic in
// the turns. What comes before the messages is the same in thousands of requests and stands once in a recording, before
// it is first needed, in a line of its own:
//   {"head":"16 hex digits", "settings":{...}, "system":"...", "tools":[...], "sum":"8 hex digits"}
// "sum" is a hash over the line before it. Of two lines for one exchange (a trial that was resumed) the later one
// counts. Earlier versions wrote settings, system and tools into the exchange, and no sum; such lines are read as well.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "episode/model.h"
#include "models/wires/tool_texts.h"
#include "record/logs/line_log.h"

namespace xsweep {

/// All that decides an answer, as JSON: {"settings":..., "system":..., "tools":[...], "messages":[...]}. Of thought
/// it has what is sent back. Written as text in one go and cut up where it is needed: a dialogue is looked
/// at again with every turn, and building its tree was most of what a call cost.
class RequestText {
 public:
  RequestText(const Json& settings, const ModelRequest& request);
  /// The same, with texts that are kept.
  RequestText(std::string_view settings, std::string_view tools, const ModelRequest& request);

  std::string_view text() const { return text_; }
  /// 16 hex digits over the text.
  std::string Hash() const;
  /// The members before the messages: `"settings":...,"system":...,"tools":[...]`.
  std::string_view head() const { return std::string_view(text_).substr(1, head_end_ - 1); }
  /// What comes before the end of the head, and after it.
  std::string_view beginning() const { return std::string_view(text_).substr(0, head_end_); }
  std::string_view rest() const { return std::string_view(text_).substr(head_end_); }
  std::size_t messages() const { return ends_.size(); }
  std::string_view message(std::size_t place) const;
  /// The messages from `place` on, as a JSON list.
  std::string MessagesFrom(std::size_t place) const;

 private:
  std::string text_;
  std::size_t head_end_ = 0;
  std::size_t messages_begin_ = 0;
  std::vector<std::size_t> ends_;  ///< of each message
};

/// Writes the requests of one model. Belongs to one thread.
class RequestWriter {
 public:
  explicit RequestWriter(const Json& settings);
  RequestText Write(const ModelRequest& request) { return {settings_, tools_.Of(request.tools), request}; }

 private:
  const std::string settings_;
  ToolTexts tools_;
};

/// The reply of a line. Fails with kWorld for what no recording writes.
Expected<ModelReply> ReadReply(const Json& json);

/// Which dialogue an exchange belongs to: its identity without the turn.
std::string DialogueKey(const CallIdentity& identity);

/// Writes the lines of a recording. Belongs to one thread.
class ExchangeWriter {
 public:
  /// The line, newline included, and before it that of its head where no earlier line has said it. `result` is a reply
  /// or a kEpisode error.
  std::string Lines(const CallIdentity& identity, const RequestText& request, const Expected<ModelReply>& result);

 private:
  struct Earlier {
    std::uint32_t turn = 0;
    std::uint64_t head = 0;
    std::vector<std::uint64_t> messages{};
  };
  std::unordered_map<std::string, Earlier> earlier_;
  std::unordered_set<std::uint64_t> heads_;  ///< that stand in the recording
  CommonBeginning beginning_;                ///< most requests in a row have one head
};

/// A recording, opened for reading; may be used from many threads.
class Recording {
 public:
  /// Opens the files (one a process) and indexes their lines. Fails with kWorld for a file that cannot be read, and
  /// names the line that is no exchange, unless it is a torn last one.
  static Expected<std::shared_ptr<const Recording>> Open(const std::vector<std::filesystem::path>& paths);
  /// The same for going on with a run: lines that are no exchanges are left out and told by `damage`. What they held is
  /// asked for again.
  static Expected<std::shared_ptr<const Recording>> OpenSound(const std::vector<std::filesystem::path>& paths);
  /// A sentence about lines that were left out; empty: none were.
  std::string damage() const;
  /// The same from memory.
  static Expected<std::shared_ptr<const Recording>> FromText(std::string text, const std::string& where);

  std::size_t size() const { return count_; }
  /// The recorded result: the reply, or the error that the exchange ended with. A miss is an error of kind kWorld that
  /// shows how the request differs from the nearest one recorded.
  Expected<ModelReply> Find(const CallIdentity& identity, const RequestText& request) const;
  /// Whether there is anything of that exchange, whatever its request.
  bool Holds(const CallIdentity& identity) const;

 private:
  struct Where {
    std::size_t file;
    LineFile::Place place;
  };
  struct Line {
    std::uint32_t turn;
    std::string hash;
    Where where;
  };
  static Expected<std::shared_ptr<const Recording>> OpenAll(const std::vector<std::filesystem::path>& paths,
                                                            bool only_sound);
  /// Takes the file in.
  Status Index(LineFile file, const std::string& where, bool only_sound = false);
  Status IndexLine(std::string_view line, const Where& where, const std::string& at);
  Expected<Json> Read(const Where& where) const;
  const Line* LineOfTurn(const std::vector<Line>& dialogue, std::uint32_t turn) const;
  /// The whole request of a turn, put together from the lines before it; empty when one of them is missing.
  std::optional<Json> RequestOfTurn(const std::vector<Line>& dialogue, std::uint32_t turn, int depth) const;
  /// Sets settings, system and tools of `request` as `line` has them, itself or by its head.
  void SetHead(const Json& line, Json& request) const;
  Error Miss(const CallIdentity& identity, const RequestText& request) const;

  std::vector<LineFile> files_;
  std::unordered_map<std::string, std::vector<Line>> dialogues_;
  std::unordered_map<std::string, Where> heads_;
  std::size_t count_ = 0;
  std::size_t left_out_ = 0;
  std::string first_left_out_;  ///< file and line
};

/// Takes the sum off a line that has one. Nothing when it does not fit: the line is not what was written.
std::optional<std::string_view> WithoutSum(std::string_view line);

/// In words, what the first difference between two requests is: which setting, which message, which words.
std::string DescribeDifference(const Json& recorded, const Json& asked);

}  // namespace xsweep
