// BatchNotes: what was sent in batches and what became of it, written down before anybody waits.
//
// A folder of the run: notes.jsonl, appended to and synced line by line, and for each batch by its number the questions
// as they were sent (1.questions.jsonl) and the lines that came back (1.answers.jsonl). The first line of the notes
// says whose they are; each other one adds to what is known of a batch:
//   {"batch":1,"questions":500}               its questions lie on the disk
//   {"batch":1,"upload":"file-a"}             they lie with the server
//   {"batch":1,"posting":true,"newest":"b"}   from now on the server may have the batch
//   {"batch":1,"ids":["batch_c"]}             it has, under this id
//   {"batch":1,"ids":["b","c"],"found":true}  the posting was cut off; it may be one of these
//   {"batch":1,"not_ours":"b"}                it is not this one
//   {"batch":1,"again":true}                  the server had too much to do; it is to be posted anew
//   {"batch":1,"answered":"completed"}        its answers lie on the disk
//   {"batch":1,"dropped":"failed: ..."}       it came to nothing, its questions are open again
// A kill tears the last line only, which is left out. Rejected: one file that is written anew, whose old state a power
// loss could bring back beside a batch that is paid for.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"

namespace xsweep {

struct NotedBatch {
  int number = 0;
  std::uint64_t questions = 0;
  std::string upload{}, newest{};
  bool posting = false;
  std::vector<std::string> ids{};
  bool found = false;                   ///< `ids` were found among the account's batches
  std::vector<std::string> not_ours{};  ///< found, and somebody else's
  bool held = false;                    ///< posted when no other one is under way
  bool answered = false;
  std::string how{};  ///< it ended: in the server's word
  bool dropped = false;

  bool open() const { return !answered && !dropped; }
};

class BatchNotes {
 public:
  /// Creates the folder and its notes, or reads them to go on. `whose` is said in the first line of new ones, with a
  /// mark of their own.
  static Expected<std::unique_ptr<BatchNotes>> Open(Disk& disk, const std::filesystem::path& folder, Json whose);

  /// 16 hex digits that no other run has: ids of our questions begin with them.
  const std::string& mark() const { return mark_; }
  std::vector<NotedBatch>& batches() { return batches_; }
  const std::vector<NotedBatch>& batches() const { return batches_; }
  std::filesystem::path Questions(int batch) const;
  std::filesystem::path Answers(int batch) const;
  /// Takes in what a line says and writes it down; on the disk when this returns.
  Status Note(const Json& line);

 private:
  BatchNotes(Disk& disk, std::filesystem::path folder) : disk_(disk), folder_(std::move(folder)) {}
  Status Read();
  Status Append(const Json& line);
  void TakeIn(const Json& line);
  Disk& disk_;
  const std::filesystem::path folder_;
  std::unique_ptr<WritableFile> file_;
  std::string mark_;
  std::vector<NotedBatch> batches_;
};

}  // namespace xsweep
