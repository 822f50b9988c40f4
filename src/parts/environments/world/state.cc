// State: an episode's changes over a shared World.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "parts/environments/world/world.h"
#include "parts/environments/world/world_hash.h"
#include "python/text.h"

namespace xsweep {

// Linear: an episode changes a handful of records.
const State::Change* State::FindChange(int table, int record, std::string_view id) const {
  for (const Change& change : changes_) {
    if (change.table == table && change.record == record && (record >= 0 || change.id == id)) return &change;
  }
  return nullptr;
}
State::Change* State::FindChange(int table, int record, std::string_view id) {
  return const_cast<Change*>(std::as_const(*this).FindChange(table, record, id));
}

const Json* State::ChangedRecord(int table, int record) const {
  const Change* change = FindChange(table, record, {});
  return change == nullptr ? nullptr : &change->value;
}

const Json* State::Find(int table, std::string_view id) const {
  const int record = world_->IndexOf(table, id);
  if (const Change* change = FindChange(table, record, id)) return &change->value;
  return record < 0 ? nullptr : &world_->record(table, record);
}

Json* State::Mutable(int table, std::string_view id) {
  const int record = world_->IndexOf(table, id);
  if (Change* change = FindChange(table, record, id)) return &change->value;
  if (record < 0) return nullptr;
  return &changes_.emplace_back(Change{table, record, std::string(id), world_->record(table, record)}).value;
}

void State::Insert(int table, std::string_view id, Json value) {
  const int record = world_->IndexOf(table, id);
  if (Change* change = FindChange(table, record, id)) {
    change->value = std::move(value);
  } else {
    changes_.emplace_back(Change{table, record, std::string(id), std::move(value)});
  }
}

std::optional<std::string> State::FindText(int table, std::string_view id) const {
  const int record = world_->IndexOf(table, id);
  if (const Change* change = FindChange(table, record, id)) return PythonJson(change->value);
  if (record < 0) return std::nullopt;
  return world_->text(table, record);
}

std::string State::Text(int table, std::string_view id) const {
  std::optional<std::string> text = FindText(table, id);
  CHECK(text.has_value(), "Text of a record that does not exist");
  return std::move(*text);
}

std::vector<RecordChange> State::Diff() const {
  std::vector<const Change*> ordered;
  ordered.reserve(changes_.size());
  for (const Change& change : changes_) ordered.push_back(&change);
  std::ranges::stable_sort(ordered, {}, [](const Change* change) {
    return std::tuple(change->table, static_cast<unsigned>(change->record));  // -1 comes last
  });
  std::vector<RecordChange> diff;
  for (const Change* change : ordered) {
    const Json before = change->record < 0 ? Json() : world_->record(change->table, change->record);
    if (SameRecord(world_->spec().benchmark, before, change->value)) continue;
    diff.push_back({std::string(world_->spec().tables[change->table].name), change->id, before, change->value});
  }
  return diff;
}

Json StateDifference(const State& state) {
  Json list = Json::MakeArray();
  for (const RecordChange& change : state.Diff()) {
    list.Append(Json::MakeObject({{"table", change.table},
                                  {"id", change.id},
                                  {"change", change.before.is_null() ? "added" : "changed"},
                                  {"before", change.before},
                                  {"after", change.after}}));
  }
  return list;
}

}  // namespace xsweep
