// World: a benchmark's data, loaded once and shared; State: one episode's copy-on-write view of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace xsweep {

/// Whose rules for texts and hashes a desk follows.
enum class Benchmark : std::uint8_t {
  kTau2,  ///< tau2-bench 1.0.1: one db.json; hash = sha256(json.dumps(db, sort_keys=True))
  kTau1,  ///< tau-bench v1: one file a table; hash = sha256(str(nested tuples with sorted keys))
};

/// One table of a world. `normalize` turns a record as the file has it into the one the reference holds in memory
/// (field order, 268 -> 268.0, a missing status -> null); nullptr where the reference keeps the file's record
/// (tau-bench v1).
struct TableSpec {
  std::string_view name;
  Json (*normalize)(const Json& raw) = nullptr;
};

/// Which tables a desk has; a tool names a table by its position here, whatever the order in the files.
struct WorldSpec {
  std::string_view desk;  ///< "tau2/airline"
  Benchmark benchmark = Benchmark::kTau2;
  std::span<const TableSpec> tables;
};

/// Immutable after Load: any number of threads may read it at once. Records become Json, and texts are made, when first
/// asked for, and kept: a load touches every byte once and converts nothing.
class World {
 public:
  /// Reads the benchmark's own files: `directory`/db.json for tau2, `directory`/<table>.json for v1. A missing file, a
  /// missing table or broken JSON is a user error that names the file.
  static Expected<std::shared_ptr<const World>> Load(const WorldSpec& spec, const std::string& directory);
  /// The same from one text in the tau2 shape ({"flights": {...}, ...}); `where` names it in errors.
  static Expected<std::shared_ptr<const World>> Parse(const WorldSpec& spec, std::string_view text,
                                                      const std::string& where);
  ~World();

  const WorldSpec& spec() const;
  int table_count() const;
  /// Records of a table, in file order.
  int size(int table) const;
  std::string_view id(int table, int record) const;
  /// The position of a record, or -1.
  int IndexOf(int table, std::string_view id) const;
  const Json& record(int table, int record) const;
  /// As json.dumps prints the record: what a read tool answers.
  const std::string& text(int table, int record) const;

  /// A desk's own lookup structure, a T built from this world when first asked for. One type per world.
  template <class T>
  const T& Derived() const {
    return derived_.Get<T>(*this);
  }
  /// The text that world_hash.h hashes, kept in the same way. What it is stands above: it is made of worlds and states.
  template <class T>
  const T& Hashed() const {
    return hashed_.Get<T>(*this);
  }

 private:
  /// Room for one value of a type that this header need not know.
  class Slot {
   public:
    template <class T>
    const T& Get(const World& world) const {
      std::call_once(once_, [&] { value_ = std::make_shared<const T>(world); });
      return *static_cast<const T*>(value_.get());
    }

   private:
    mutable std::once_flag once_;
    mutable std::shared_ptr<const void> value_;
  };
  struct Impl;
  explicit World(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  Slot derived_;
  Slot hashed_;
};

/// A record that an episode changed. `before` is null for a new record.
struct RecordChange {
  std::string table;
  std::string id;
  Json before;
  Json after;
};

/// One episode's view of a world: reads fall through to the shared records, writes go to copies of its own. Creating
/// one costs a reference count. Copying it forks it: neither copy sees what the other does from then on. For one
/// thread.
class State {
 public:
  explicit State(std::shared_ptr<const World> world) : world_(std::move(world)) {}
  State(const State& other) = default;
  State& operator=(const State& other) = default;
  State(State&&) noexcept = default;
  State& operator=(State&&) noexcept = default;

  const World& world() const { return *world_; }
  const std::shared_ptr<const World>& shared_world() const { return world_; }
  /// Forgets every change.
  void Reset() { changes_.clear(); }
  bool untouched() const { return changes_.empty(); }

  /// The record, or nullptr. Valid until the next Insert or Mutable of the same record.
  const Json* Find(int table, std::string_view id) const;
  bool Contains(int table, std::string_view id) const { return Find(table, id) != nullptr; }
  /// The record to change (copied out of the world the first time), or nullptr. Valid until the next Insert.
  Json* Mutable(int table, std::string_view id);
  /// Adds the record at the end of its table, or replaces the one of that id where it stands.
  void Insert(int table, std::string_view id, Json record);
  /// json.dumps(record) as a read tool answers, cached for untouched records; nothing when there is no such record.
  std::optional<std::string> FindText(int table, std::string_view id) const;
  /// The same of a record that must exist.
  std::string Text(int table, std::string_view id) const;

  /// Records of a table that this state changed or added: position in the world (-1: added) and value.
  struct Change {
    int table = 0;
    int record = -1;
    std::string id;
    Json value;
  };
  const std::deque<Change>& changes() const { return changes_; }
  /// The change of that record of the world, or nullptr when it is untouched.
  const Json* ChangedRecord(int table, int record) const;

  /// Records that differ from the world's, in table order, then file order, added ones last.
  std::vector<RecordChange> Diff() const;

 private:
  Change* FindChange(int table, int record, std::string_view id);
  const Change* FindChange(int table, int record, std::string_view id) const;

  std::shared_ptr<const World> world_;
  std::deque<Change> changes_;
};

/// The records that changed: [{"table","id","change":"added"|"changed","before","after"}].
Json StateDifference(const State& state);

}  // namespace xsweep
