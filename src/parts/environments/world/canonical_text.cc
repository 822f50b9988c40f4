// CanonicalText: what the references hash, and hashing a changed state from the last SHA-256 state before the change.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/canonical_text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "python/text.h"

namespace xsweep {
namespace {

/// One SHA-256 state every so many bytes: 52 of them for the airline's 3.4 MB.
constexpr std::size_t kStride = std::size_t{64} * 1024;

void AppendTuple(const Json& value, std::string& out);

void AppendTupleMembers(const std::vector<Json::Member>& members, std::string& out) {
  std::vector<const Json::Member*> sorted;
  sorted.reserve(members.size());
  for (const Json::Member& member : members) sorted.push_back(&member);
  std::ranges::sort(sorted, {}, [](const Json::Member* member) -> const std::string& { return member->first; });
  for (const Json::Member* member : sorted) {
    if (member != sorted.front()) out += ", ";
    out += '(';
    AppendPythonReprString(member->first, out);
    out += ", ";
    AppendTuple(member->second, out);
    out += ')';
  }
}

/// str() of to_hashable(value).
void AppendTuple(const Json& value, std::string& out) {
  if (!value.is_object() && !value.is_array()) return AppendPythonRepr(value, out);
  out += '(';
  if (value.is_object()) {
    AppendTupleMembers(value.members(), out);
  } else {
    for (const Json& item : value.items()) {
      if (&item != value.items().data()) out += ", ";
      AppendTuple(item, out);
    }
  }
  out += value.size() == 1 ? ",)" : ")";
}

void AppendEntry(Benchmark benchmark, std::string_view id, const Json& record, std::string& out) {
  const bool tau2 = benchmark == Benchmark::kTau2;
  if (!tau2) out += '(';
  tau2 ? AppendPythonJsonString(id, out) : AppendPythonReprString(id, out);
  out += tau2 ? ": " : ", ";
  AppendCanonical(benchmark, record, out);
  if (!tau2) out += ')';
}

std::string_view Open(Benchmark benchmark) { return benchmark == Benchmark::kTau2 ? "{" : "("; }
std::string_view Close(Benchmark benchmark, std::size_t elements) {
  if (benchmark == Benchmark::kTau2) return "}";
  return elements == 1 ? ",)" : ")";
}

std::vector<int> TablesByName(const World& world) {
  std::vector<int> tables(world.table_count());
  std::iota(tables.begin(), tables.end(), 0);
  std::ranges::sort(tables, {}, [&](int table) { return world.spec().tables[table].name; });
  return tables;
}

struct Deleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, Deleter>;

Digest CopyOf(const EVP_MD_CTX* other) {
  Digest copy(EVP_MD_CTX_new());
  CHECK(copy && EVP_MD_CTX_copy_ex(copy.get(), other) == 1, "SHA-256 state cannot be copied");
  return copy;
}
Digest NewDigest() {
  Digest digest(EVP_MD_CTX_new());
  CHECK(digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1, "OpenSSL has no SHA-256");
  return digest;
}
void Update(const Digest& digest, std::string_view text) {
  CHECK(EVP_DigestUpdate(digest.get(), text.data(), text.size()) == 1, "SHA-256 failed");
}
std::string Finish(Digest digest) {
  std::array<unsigned char, 32> bytes{};
  CHECK(EVP_DigestFinal_ex(digest.get(), bytes.data(), nullptr) == 1, "SHA-256 failed");
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

/// The whole text written anew, by tables and ids in order: for worlds with tables of fewer than two records, where an
/// added record also moves the commas.
std::string WholeText(const State& state) {
  const World& world = state.world();
  const Benchmark benchmark = world.spec().benchmark;
  std::string text(Open(benchmark));
  const std::vector<int> tables = TablesByName(world);
  for (const int table : tables) {
    std::map<std::string_view, const Json*> records;
    for (int i = 0; i < world.size(table); ++i) records[world.id(table, i)] = &world.record(table, i);
    for (const State::Change& change : state.changes()) {
      if (change.table == table) records[change.id] = &change.value;
    }
    if (table != tables.front()) text += ", ";
    const std::string_view name = world.spec().tables[table].name;
    text += benchmark == Benchmark::kTau2 ? PythonJson(Json(name)) + ": " : "(" + PythonRepr(Json(name)) + ", ";
    text += Open(benchmark);
    for (bool first = true; const auto& [id, record] : records) {
      if (!std::exchange(first, false)) text += ", ";
      AppendEntry(benchmark, id, *record, text);
    }
    text += Close(benchmark, records.size());
    if (benchmark == Benchmark::kTau1) text += ')';
  }
  return text.append(Close(benchmark, tables.size()));
}

}  // namespace

struct CanonicalText::Digests {
  std::vector<Digest> at_stride;  // [i]: after i * kStride bytes
};

void AppendCanonical(Benchmark benchmark, const Json& value, std::string& out) {
  benchmark == Benchmark::kTau2 ? AppendPythonJson(value, out, KeyOrder::kSorted) : AppendTuple(value, out);
}

CanonicalText::CanonicalText(const World& world)
    : benchmark_(world.spec().benchmark), tables_(world.table_count()), digests_(std::make_unique<Digests>()) {
  text_ = Open(benchmark_);
  const std::vector<int> order = TablesByName(world);
  for (const int table : order) {
    if (table != order.front()) text_ += ", ";
    const std::string_view name = world.spec().tables[table].name;
    text_ += benchmark_ == Benchmark::kTau2 ? PythonJson(Json(name)) + ": " : "(" + PythonRepr(Json(name)) + ", ";
    text_ += Open(benchmark_);
    auto& [sorted, place_of_record] = tables_[table];
    for (int i = 0; i < world.size(table); ++i) sorted.push_back({world.id(table, i), i, 0, 0});
    std::ranges::sort(sorted, {}, &Piece::id);
    place_of_record.resize(sorted.size());
    for (std::size_t place = 0; place < sorted.size(); ++place) {
      Piece& piece = sorted[place];
      place_of_record[piece.record] = static_cast<int>(place);
      if (place > 0) text_ += ", ";
      piece.begin = text_.size();
      AppendEntry(benchmark_, piece.id, world.record(table, piece.record), text_);
      piece.end = text_.size();
    }
    text_ += Close(benchmark_, sorted.size());
    if (benchmark_ == Benchmark::kTau1) text_ += ')';
  }
  text_ += Close(benchmark_, order.size());

  Digest digest = NewDigest();
  for (std::size_t begin = 0; begin < text_.size(); begin += kStride) {
    digests_->at_stride.push_back(CopyOf(digest.get()));
    Update(digest, std::string_view(text_).substr(begin, kStride));
  }
  hash_ = Finish(std::move(digest));
}
CanonicalText::CanonicalText(CanonicalText&&) noexcept = default;
CanonicalText::~CanonicalText() = default;

CanonicalText::Edit CanonicalText::EditFor(const State::Change& change) const {
  const TablePieces& table = tables_[change.table];
  Edit edit{.begin = 0, .end = 0, .id = change.id, .replacement = {}};
  AppendEntry(benchmark_, change.id, change.value, edit.replacement);
  if (change.record >= 0) {
    const Piece& piece = table.sorted[table.place_of_record[change.record]];
    edit.begin = piece.begin;
    edit.end = piece.end;
    return edit;
  }
  const auto next = std::ranges::lower_bound(table.sorted, std::string_view(change.id), {}, &Piece::id);
  const bool last = next == table.sorted.end();
  edit.begin = edit.end = last ? table.sorted.back().end : next->begin;
  edit.replacement = last ? ", " + edit.replacement : edit.replacement + ", ";
  return edit;
}

std::string CanonicalText::Hash(const State& state) const {
  if (state.untouched()) return hash_;
  std::vector<Edit> edits;
  for (const State::Change& change : state.changes()) {
    if (change.record < 0 && tables_[change.table].sorted.size() < 2) {
      Digest digest = NewDigest();
      Update(digest, WholeText(state));
      return Finish(std::move(digest));
    }
    edits.push_back(EditFor(change));
  }
  // At one place insertions (end == begin) come before the replacement of the record that starts there.
  std::ranges::sort(edits, {},
                    [](const Edit& edit) { return std::tuple(edit.begin, edit.end, std::string_view(edit.id)); });
  const std::size_t stride = edits.front().begin / kStride;
  Digest digest = CopyOf(digests_->at_stride[stride].get());
  std::size_t done = stride * kStride;
  for (const Edit& edit : edits) {
    Update(digest, std::string_view(text_).substr(done, edit.begin - done));
    Update(digest, edit.replacement);
    done = edit.end;
  }
  Update(digest, std::string_view(text_).substr(done));
  return Finish(std::move(digest));
}

}  // namespace xsweep
