// CanonicalText: the text that a reference hashes, kept whole so that a changed state costs only what lies behind it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "parts/environments/world/world.h"

namespace xsweep {

/// One record as the reference's hash sees it. tau2: json.dumps with sorted keys. v1: Python's str of nested tuples, a
/// dict as the tuple of its (key, value) pairs in key order, `(x,)` for one element.
void AppendCanonical(Benchmark benchmark, const Json& value, std::string& out);

/// The text of an untouched world, where each record lies in it, and SHA-256 states at fixed offsets. Immutable.
class CanonicalText {
 public:
  explicit CanonicalText(const World& world);
  CanonicalText(CanonicalText&&) noexcept;
  ~CanonicalText();

  /// Of the untouched world, 64 hex digits.
  const std::string& hash() const { return hash_; }
  /// Of a state of the same world.
  std::string Hash(const State& state) const;

 private:
  struct Piece {
    std::string_view id;
    int record = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  struct TablePieces {
    std::vector<Piece> sorted;
    std::vector<int> place_of_record;
  };
  /// `text[begin, end)` becomes `replacement`. Of edits at one place, insertions come in the order of their ids.
  struct Edit {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string id;
    std::string replacement;
  };
  struct Digests;

  Edit EditFor(const State::Change& change) const;

  Benchmark benchmark_ = Benchmark::kTau2;
  std::string text_;
  std::vector<TablePieces> tables_;
  std::unique_ptr<Digests> digests_;
  std::string hash_;
};

}  // namespace xsweep
