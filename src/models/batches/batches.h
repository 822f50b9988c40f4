// Batches: questions collected into batches, sent, waited for and answered, over any number of kills.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "models/batches/batch_api.h"
#include "models/batches/batch_notes.h"
#include "net/io_loop.h"

namespace xsweep {

/// What one batch said to a question.
struct BatchAnswer {
  int batch = 0;
  std::uint64_t offset = 0;  ///< of its line in the answers
  std::uint32_t size = 0;    ///< 0: there is none, or none to go by
  std::string why{};         ///< why there is none
  bool expired = false;      ///< the time was up before it was asked
  bool charged = false;      ///< for whoever counts what answers cost
};

struct BatchQuestion {
  int under_way = 0;  ///< the batch that it waits in; 0: none
  std::vector<BatchAnswer> answers{};
};

/// How long to wait, and who says stop.
struct BatchPatience {
  SteadyTime until{};
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const std::string&)> tell{};  ///< what people watch
};

/// A question goes out once: whatever the notes know of is looked for with the server before it is sent again. Belongs
/// to the loop's thread.
class Batches {
 public:
  /// Reads what the notes know, questions and answers included. `api` and `notes` outlive it.
  /// A batch holds at most `most` questions, and what the API takes.
  static Expected<std::unique_ptr<Batches>> Open(IoLoop& loop, Disk& disk, BatchApi& api, BatchNotes& notes,
                                                 std::size_t most);

  /// nullptr for one that nobody has asked.
  BatchQuestion* Find(const std::string& custom_id);
  /// Puts a question into the batch that is being collected; one that is full is closed first.
  Status Ask(const std::string& custom_id, const ModelRequest& request);
  /// Closes the batch that is being collected.
  Status CloseCollected();
  /// Batches that wait for the server.
  bool waiting() const;
  /// Whether anything has ever been put into a batch.
  bool begun() const { return number_ > 0; }
  /// Whether anything was answered in that batch: then what was not may be asked again.
  bool Fruitful(int batch) const { return fruitful_.contains(batch) && fruitful_.at(batch); }
  /// Sends what was collected, waits and reads. Fails with kInterrupted when patience ends; everything goes on from
  /// there another time.
  Async<Status> Settle(BatchPatience patience);
  /// A line of the answers. Fails with kWorld where the file has changed since.
  Expected<BatchLine> Read(const BatchAnswer& answer);

 private:
  /// What the answers of a batch hold.
  struct Found {
    std::uint64_t lines = 0, ours = 0, strange = 0, broken = 0, twice = 0, missing = 0;
  };
  Batches(IoLoop& loop, Disk& disk, BatchApi& api, BatchNotes& notes, std::size_t most)
      : loop_(loop), disk_(disk), api_(api), notes_(notes), most_(most) {}
  Status LoadQuestions(const NotedBatch& batch);
  Status Load(NotedBatch& batch);
  Async<Status> SendOpen(const BatchPatience& patience);
  Async<Status> Send(NotedBatch& batch, const BatchPatience& patience);
  Async<Expected<bool>> FindPosted(NotedBatch& batch);
  Async<Status> Post(NotedBatch& batch);
  Async<Status> LookOnce(NotedBatch& batch, const BatchPatience& patience);
  Async<Status> Wait(std::chrono::milliseconds pause, const BatchPatience& patience);
  Async<Status> TakeAnswers(NotedBatch& batch, BatchView view, const BatchPatience& patience);
  Status Refused(NotedBatch& batch, const BatchView& view);
  Expected<Found> Index(const NotedBatch& batch);
  void Take(const NotedBatch& batch, std::string_view line, std::uint64_t offset, Found& found);
  void CloseQuestions(const NotedBatch& batch, Found& found);
  BatchJob JobOf(const NotedBatch& batch) const;

  IoLoop& loop_;
  Disk& disk_;
  BatchApi& api_;
  BatchNotes& notes_;
  const std::size_t most_;
  std::unordered_map<std::string, BatchQuestion> questions_;
  std::unordered_map<int, bool> fruitful_;
  std::unordered_map<int, MappedFile> answers_;
  std::optional<AtomicFile> collecting_;
  int number_ = 0;  ///< of the batch that is being collected
  std::uint64_t count_ = 0, bytes_ = 0;
  int failed_looks_ = 0;
};

}  // namespace xsweep
