// Scans rows exactly as AppendTrialRow writes them; whatever looks different is left to the general reader.
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <cstring>

#include "analyze/trial_reader.h"

namespace xsweep {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// A high bit in every byte of `word` that ends a plain string: a quote, a backslash, a control or a non-ASCII byte.
/// Bytes above the first marked one may be marked wrongly (borrows), which does not matter to who takes the first.
std::uint64_t StringStops(std::uint64_t word) {
  const auto zeros = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
  return zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\')) | controls | (word & kHighs);
}

/// Whether `literal` stands at `at`, as a few inlined 8-byte compares: a call to memcmp for each key would take a third
/// of the time.
template <std::size_t N>
[[gnu::always_inline]] inline bool Stands(const char* at, const char (&literal)[N]) {
  constexpr std::size_t kLength = N - 1;
  std::uint64_t here = 0;
  std::uint64_t wanted = 0;
  if constexpr (kLength < sizeof here) {
    std::memcpy(&here, at, kLength);
    std::memcpy(&wanted, literal, kLength);
    return here == wanted;
  } else {
    std::uint64_t differing = 0;
    for (std::size_t i = 0; i < kLength; i += sizeof here) {
      const std::size_t from = i + sizeof here <= kLength ? i : kLength - sizeof here;
      std::memcpy(&here, at + from, sizeof here);
      std::memcpy(&wanted, literal + from, sizeof wanted);
      differing |= here ^ wanted;
    }
    return differing == 0;
  }
}

/// A position that turns into nullptr at the first surprise; everything after that is a no-op.
class Cursor {
 public:
  explicit Cursor(const char* at) : at_(at) {}
  const char* at() const { return at_; }
  bool ok() const { return at_ != nullptr; }
  void Fail() { at_ = nullptr; }

  template <std::size_t N>
  [[gnu::always_inline]] bool Skip(const char (&literal)[N]) {
    static_assert(N - 1 <= kScanPadding);
    if (at_ == nullptr || !Stands(at_, literal)) return false;
    at_ += N - 1;
    return true;
  }
  template <std::size_t N>
  [[gnu::always_inline]] void Need(const char (&literal)[N]) {
    if (!Skip(literal)) Fail();
  }

  /// The inside of a string; leaves the position after its closing quote.
  std::string_view Text() {
    if (at_ == nullptr || *at_ != '"') return Fail(), std::string_view();
    const char* const begin = at_ + 1;
    const char* end = begin;
    std::uint64_t word = 0;
    std::uint64_t stops = 0;
    static_assert(sizeof word <= kScanPadding);
    while (std::memcpy(&word, end, sizeof word), (stops = StringStops(word)) == 0) end += sizeof word;
    end += __builtin_ctzll(stops) / 8;  // little endian, as every machine this runs on
    if (*end != '"') return Fail(), std::string_view();
    at_ = end + 1;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  /// A JSON integer in [0, limit] of at most 18 digits.
  std::int64_t Count(std::int64_t limit = INT64_MAX) {
    if (at_ == nullptr || !IsDigit(*at_)) return Fail(), 0;
    const char* const begin = at_;
    std::int64_t value = 0;
    while (IsDigit(*at_) && at_ - begin < 18) value = value * 10 + (*at_++ - '0');
    if (IsDigit(*at_) || (*begin == '0' && at_ - begin > 1) || value > limit) return Fail(), 0;
    return value;
  }

  bool Flag() {
    if (Skip("true")) return true;
    Need("false");
    return false;
  }

  /// "12.345" in units of 1e-9, exactly; -1, without moving, for anything but 1-6 digits, a point and 1-9 digits.
  std::int64_t NanoUnits() {
    if (at_ == nullptr) return -1;
    const char* at = at_;
    std::int64_t value = 0;
    for (; IsDigit(*at) && at - at_ < 6; ++at) value = value * 10 + (*at - '0');
    if (at == at_ || (*at_ == '0' && at - at_ > 1) || *at != '.') return -1;
    const char* const point = at++;
    for (; IsDigit(*at) && at - point < 10; ++at) value = value * 10 + (*at - '0');
    if (at - point == 1 || IsDigit(*at) || *at == 'e' || *at == 'E') return -1;
    for (auto digits = at - point - 1; digits < 9; ++digits) value *= 10;
    at_ = at;
    return value;
  }

  /// Any JSON number as its characters.
  std::string_view Number() {
    if (at_ == nullptr) return {};
    const char* const begin = at_;
    if (*at_ == '-') ++at_;
    if (!Digits(true)) return Fail(), std::string_view();
    if (*at_ == '.') {
      ++at_;
      if (!Digits(false)) return Fail(), std::string_view();
    }
    if (*at_ == 'e' || *at_ == 'E') {
      ++at_;
      if (*at_ == '+' || *at_ == '-') ++at_;
      if (!Digits(false)) return Fail(), std::string_view();
    }
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

 private:
  bool Digits(bool no_leading_zero) {
    const char* const begin = at_;
    while (IsDigit(*at_)) ++at_;
    return at_ > begin && !(no_leading_zero && *begin == '0' && at_ - begin > 1);
  }
  const char* at_;
};

Outcome ScanOutcome(Cursor& cursor) {
  const std::string_view name = cursor.Text();
  if (!cursor.ok()) return Outcome::kError;
  const auto outcome = Parse<Outcome>(name);
  if (!outcome) cursor.Fail();
  return outcome.value_or(Outcome::kError);
}

std::int8_t ScanTaskSuccess(Cursor& cursor) {
  if (cursor.Skip("null")) return -1;
  return cursor.Flag() ? 1 : 0;
}

/// As record/logs/trial.cc rounds it. "0.0" is by far the most frequent.
void ScanCost(Cursor& cursor, TrialCounts& counts) {
  if (cursor.Skip("0.0}")) return;
  if (cursor.Skip("null}")) {
    counts.unknown_cost = true;
    return;
  }
  if (const std::int64_t nano = cursor.NanoUnits(); nano >= 0) {
    counts.cost_nano_usd += nano;
    return cursor.Need("}");
  }
  const std::string_view text = cursor.Number();
  cursor.Need("}");
  double usd = 0;
  if (!cursor.ok() || std::from_chars(text.data(), text.data() + text.size(), usd).ec != std::errc()) {
    return cursor.Fail();
  }
  if (std::fabs(usd * 1e9) < 9e18) {
    counts.cost_nano_usd += std::llround(usd * 1e9);
  } else {
    counts.unknown_cost = true;
  }
}

// Literals, because a compare with what the table says would not be inlined.
bool SkipRoleName(Cursor& cursor, Role role) {
  switch (role) {
    case Role::kAgent: return cursor.Skip("\"agent\":{\"calls\":");
    case Role::kUser: return cursor.Skip("\"user\":{\"calls\":");
    case Role::kAttacker: return cursor.Skip("\"attacker\":{\"calls\":");
    case Role::kDefense: return cursor.Skip("\"defense\":{\"calls\":");
    case Role::kJudge: return cursor.Skip("\"judge\":{\"calls\":");
  }
  return false;
}

void ScanUsage(Cursor& cursor, TrialCounts& counts) {
  cursor.Need(",\"usage\":{");
  bool first = true;
  for (const Role role : kEvery<Role>) {
    if (!cursor.ok()) return;
    Cursor ahead = cursor;
    if (!first && !ahead.Skip(",")) break;
    if (!SkipRoleName(ahead, role)) continue;
    cursor = ahead;
    first = false;
    counts.calls += cursor.Count();
    cursor.Need(",\"prompt_tokens\":");
    counts.prompt_tokens += cursor.Count();
    cursor.Need(",\"completion_tokens\":");
    counts.completion_tokens += cursor.Count();
    if (cursor.Skip(",\"cached_tokens\":")) counts.cached_tokens += cursor.Count();
    if (cursor.Skip(",\"cache_write_tokens\":")) cursor.Count();
    cursor.Need(",\"cost_usd\":");
    ScanCost(cursor, counts);
  }
  cursor.Need("}");
}

void ScanAttack(Cursor& cursor, TrialCounts& counts) {
  cursor.Need(",\"attack\":{\"goal\":");
  cursor.Text();
  cursor.Need(",\"channel\":");
  cursor.Text();
  cursor.Need(",\"exposed\":");
  counts.exposure_unknown = cursor.Skip("null");
  if (!counts.exposure_unknown) counts.exposed = cursor.Flag();
  cursor.Need(",\"exposed_turn\":");
  if (!cursor.Skip("null")) cursor.Count(INT32_MAX);
  if (cursor.Skip(",\"delivery\":")) cursor.Text();
  cursor.Need(",\"attempted\":");
  counts.attempted = cursor.Count(INT32_MAX);
  cursor.Need(",\"executed\":");
  counts.executed = cursor.Count(INT32_MAX);
  cursor.Need(",\"blocked\":");
  counts.blocked = cursor.Count(INT32_MAX);
  cursor.Need(",\"queries\":");
  counts.queries = cursor.Count();
  if (cursor.Skip(",\"success_query\":")) counts.success_query = cursor.Count();
  cursor.Need(",\"amount_usd\":");
  // An exponent could be out of range, which only the general reader judges.
  if (cursor.Number().find_first_of("eE") != std::string_view::npos) cursor.Fail();
  // What a provider or an agent blocked is counted by the general reader.
  if (!cursor.Skip(",\"blocked_by\":\"defense\"}")) cursor.Need("}");
}

void ScanHashes(Cursor& cursor, TrialRow& row) {
  cursor.Need(",\"hashes\":{\"task\":");
  row.task_hash = cursor.Text();
  cursor.Need(",\"payload\":");
  row.payload_hash = cursor.Text();
  cursor.Need(",\"policy\":");
  row.policy_hash = cursor.Text();
  cursor.Need(",\"judge\":");
  row.judge_hash = cursor.Text();
}

void ScanError(Cursor& cursor) {
  if (cursor.Skip("},\"error\":null}\n")) return;
  cursor.Need("},\"error\":{\"kind\":");
  cursor.Text();
  cursor.Need(",\"message\":");
  cursor.Text();
  cursor.Need("}}\n");
}

void ScanIdentity(Cursor& cursor, TrialRow& row) {
  cursor.Need("{\"index\":");
  row.index = static_cast<std::uint64_t>(cursor.Count());
  cursor.Need(",\"cell\":");
  row.cell = cursor.Text();
  cursor.Need(",\"task\":");
  row.task = cursor.Text();
  cursor.Need(",\"seed\":");
  row.seed = static_cast<std::uint64_t>(cursor.Count());
  cursor.Need(",\"trial\":");
  row.trial = static_cast<std::uint32_t>(cursor.Count(INT32_MAX));
  if (cursor.Skip(",\"dialogue\":")) {
    cursor.Count();
    row.counts.shared = true;
  }
}

}  // namespace

const char* ScanTrialRow(const char* at, TrialRow& row) {
  row = TrialRow();
  Cursor cursor(at);
  ScanIdentity(cursor, row);
  cursor.Need(",\"outcome\":");
  row.counts.outcome = ScanOutcome(cursor);
  cursor.Need(",\"task_success\":");
  row.counts.task_success = ScanTaskSuccess(cursor);
  ScanAttack(cursor, row.counts);
  cursor.Need(",\"turns\":");
  row.counts.turns = cursor.Count(INT32_MAX);
  cursor.Need(",\"tool_calls\":");
  row.counts.tool_calls = cursor.Count(INT32_MAX);
  cursor.Need(",\"stop\":");
  cursor.Text();
  ScanUsage(cursor, row.counts);
  cursor.Need(",\"attempt\":");
  cursor.Count(INT32_MAX);
  ScanHashes(cursor, row);
  ScanError(cursor);
  return cursor.at();
}

}  // namespace xsweep
