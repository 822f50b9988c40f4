// Plain facts: a CSV or JSONL of (task, injection, arm, success, utility, error).
// SPDX-License-Identifier: Apache-2.0
#include "foreign/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/characters.h"
#include "base/json_slices.h"
#include "base/text.h"
#include "base/wire_text.h"

namespace xsweep {
namespace {

enum Fact {
  kTask,
  kInjection,
  kModel,
  kDefense,
  kSuite,
  kAttack,
  kSuccess,
  kUtility,
  kError,
  kExposed,
  kTrial,
  kReward,
  kTokens,
  kFacts
};

/// Under which names each fact is found, without case, spaces, `_` and `-`.
const std::array<std::vector<std::string_view>, kFacts>& Names() {
  static const std::array<std::vector<std::string_view>, kFacts> names = {{
      {"task", "usertask", "usertaskid", "taskid", "tasklabel", "sampleid"},
      {"injection", "injectiontask", "injectiontaskid", "attacktool", "attackertool", "goal"},
      {"model", "llm", "victimmodel", "agentmodel"},
      {"defense", "defence", "defensemethod", "arm", "condition"},
      {"suite", "agentname", "domain", "environment"},
      {"attack", "attacktype", "attackname", "attackmethod"},
      {"success", "attacksuccess", "attacksuccessful", "attacksucceeded", "asr", "security", "hijacked"},
      {"utility", "tasksuccess", "originaltasksuccessful", "solved", "benignsuccess"},
      {"error", "errormessage", "frameworkerror"},
      {"exposed", "exposure"},
      {"trial", "run", "repeat", "epoch"},
      {"reward", "score"},
      {"tokens", "totaltokens"},
  }};
  return names;
}

std::string Plain(std::string_view name) {
  std::string out = AsciiLower(name);
  std::erase_if(out, [](char c) { return c == ' ' || c == '_' || c == '-' || c == '?'; });
  return out;
}

std::optional<Fact> FactNamed(std::string_view column) {
  const std::string plain = Plain(column);
  for (int fact = 0; fact < kFacts; ++fact) {
    if (std::ranges::find(Names()[static_cast<std::size_t>(fact)], plain) !=
        Names()[static_cast<std::size_t>(fact)].end())
      return static_cast<Fact>(fact);
  }
  return std::nullopt;
}

/// The texts of one row, by fact.
using Row = std::array<std::string, kFacts>;

bool IsNone(const std::string& text) {
  const std::string plain = Plain(text);
  return plain.empty() || plain == "none" || plain == "null" || plain == "n/a" || plain == "nan";
}

Expected<std::optional<bool>> Truth(const std::string& text, std::string_view column, const std::string& where) {
  if (IsNone(text)) return std::optional<bool>();
  // With its sign: -1, which many write for "not known", is no 1.
  const std::string plain = AsciiLower(Trim(text));
  for (const std::string_view yes : {"1", "true", "yes", "c", "1.0", "correct", "success"}) {
    if (plain == yes) return std::optional(true);
  }
  for (const std::string_view no : {"0", "false", "no", "i", "0.0", "incorrect", "failure"}) {
    if (plain == no) return std::optional(false);
  }
  return UserError(fmt::format("has `{}` as {}, which takes 1, 0, true, false or nothing", Printable(text), column),
                   where);
}

/// An error column holds a text, or 1 and 0.
std::string ErrorOf(const std::string& text) {
  const std::string plain = Plain(text);
  if (IsNone(text) || plain == "0" || plain == "false" || plain == "no") return {};
  return plain == "1" || plain == "true" || plain == "yes" ? "the source says that this episode failed" : text;
}

Expected<ForeignTrial> TrialOf(const Row& row, const std::string& where) {
  ForeignTrial trial;
  trial.place = where;
  // Some tables name no task but only whose it is, as ASB does with its agents.
  trial.task = row[kTask].empty() ? row[kSuite] : row[kTask];
  if (trial.task.empty()) return UserError("names no task", where);
  const auto named = [](const std::string& text) { return IsNone(text) ? std::string() : text; };
  trial.injection = named(row[kInjection]);
  trial.arm.model = named(row[kModel]);
  trial.arm.suite = named(row[kSuite]);
  // "none" stays a name here: the undefended arm is one of those that are compared.
  trial.arm.defense = row[kDefense];
  trial.arm.attack = named(row[kAttack]);
  TRY_ASSIGN(trial.success, Truth(row[kSuccess], "success", where));
  TRY_ASSIGN(trial.utility, Truth(row[kUtility], "utility", where));
  TRY_ASSIGN(trial.exposed, Truth(row[kExposed], "exposed", where));
  trial.error = ErrorOf(row[kError]);
  const bool attacked = !trial.injection.empty() || !trial.arm.attack.empty();
  trial.arm.setting = attacked                                   ? Setting::kAttacked
                      : trial.task.starts_with("injection_task") ? Setting::kAlone
                                                                 : Setting::kBenign;
  // AgentDojo says security: true of every episode that nobody attacked.
  if (!attacked) trial.success.reset(), trial.exposed.reset();
  if (attacked && trial.arm.attack.empty()) trial.arm.attack = "unnamed";
  if (!row[kTrial].empty()) {
    const auto number = ParseUnsigned(row[kTrial]);
    if (!number || *number > 1'000'000)
      return UserError(fmt::format("has `{}` as trial", Printable(row[kTrial])), where);
    trial.trial = static_cast<std::uint32_t>(*number);
  }
  const auto reward = ParseNumber(row[kReward]);
  const bool in_range = reward && *reward >= 0 && *reward <= 1;
  if (in_range) trial.reward = reward;
  if (reward && !in_range && trial.error.empty())
    trial.error = fmt::format("the recorded reward {:g} is outside the range 0 to 1", *reward);
  if (const auto tokens = ParseUnsigned(row[kTokens])) trial.agent.prompt_tokens = static_cast<std::int64_t>(*tokens);
  trial.agent.cost_known = false;
  // No verdict is an error and not a failed attack, which would count as resistance.
  if (trial.error.empty() && attacked && !trial.success) trial.error = "the source holds no verdict on the attack";
  if (trial.error.empty() && !attacked && !trial.utility && !trial.reward)
    trial.error = "the source holds no verdict on the task";
  return trial;
}

bool IsVerdict(std::optional<Fact> fact) { return fact == kSuccess || fact == kUtility || fact == kReward; }

Status ReadCsvFacts(std::string_view text, const std::string& where,
                    const std::function<Status(ForeignTrial&&)>& visit) {
  TRY_ASSIGN(const CsvTable table, CsvTable::Read(text, where));
  std::vector<std::optional<Fact>> facts;
  bool verdicts = false, tasks = false;
  for (const std::string& column : table.columns) {
    auto fact = FactNamed(column);
    if (fact && std::ranges::find(facts, fact) != facts.end()) fact.reset();  // the first column of a name counts
    verdicts = verdicts || IsVerdict(fact);
    tasks = tasks || fact == kTask || fact == kSuite;
    facts.push_back(fact);
  }
  if (!verdicts || !tasks)
    return UserError(
        fmt::format("has no column of {}; its columns are {}", tasks ? "verdicts (success, utility)" : "tasks",
                    Printable(Join(table.columns, ", "), 300)),
        where + ":1");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    Row row;
    for (std::size_t column = 0; column < facts.size(); ++column) {
      if (facts[column]) row[*facts[column]] = table.rows[i][column];
    }
    TRY_ASSIGN(ForeignTrial trial, TrialOf(row, fmt::format("{}:{}", where, table.lines[i])));
    TRY(visit(std::move(trial)));
  }
  return {};
}

std::string TextOf(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.AsString() : value.Dump();
}

Status ReadJsonlFacts(std::string_view text, const std::string& where,
                      const std::function<Status(ForeignTrial&&)>& visit) {
  std::size_t line = 0;
  bool verdicts = false;
  std::vector<std::string> members;  // of the first line
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    const std::string_view json_text = text.substr(start, end - start);
    start = end + 1;
    ++line;
    if (FirstOf(json_text) == '\0') continue;
    const std::string at = fmt::format("{}:{}", where, line);
    TRY_ASSIGN(const Json json, ParseLogJson(json_text, at));
    if (!json.is_object()) return UserError("is no JSON object", at);
    Row row;
    for (const auto& [key, value] : json.members()) {
      const auto fact = FactNamed(key);
      verdicts = verdicts || IsVerdict(fact);
      if (line == 1) members.push_back(key);
      if (fact && row[*fact].empty()) row[*fact] = TextOf(value);
    }
    TRY_ASSIGN(ForeignTrial trial, TrialOf(row, at));
    TRY(visit(std::move(trial)));
  }
  if (verdicts || line == 0) return {};
  return UserError(
      fmt::format("has no member for verdicts (success, utility, reward) on any line; the first line has {}",
                  Printable(Join(members, ", "), 300)),
      where);
}

/// Reads a text character by character: fields may be quoted, and quoted ones may hold commas and line ends.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Expected<CsvTable> Read() {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (quoted_) {
        Quoted(text_[at_]);
      } else {
        TRY(Bare(text_[at_]));
      }
    }
    if (quoted_) return UserError("has a quote that never closes", fmt::format("{}:{}", where_, begin_));
    TRY(EndRow());
    if (table_.columns.empty()) return UserError("is empty", where_);
    return std::move(table_);
  }

 private:
  void Quoted(char c) {
    if (c == '\n') ++line_;
    if (c != '"') {
      fields_.back() += c;
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
      fields_.back() += text_[++at_];
    } else {
      quoted_ = false;
    }
  }
  Status Bare(char c) {
    // A quote counts at the beginning of a field only; within a bare one it is a character like any other.
    if (c == '"' && fields_.back().empty()) {
      quoted_ = any_ = true;
    } else if (c == ',') {
      fields_.emplace_back();
      any_ = true;
    } else if (c == '\n') {
      TRY(EndRow());
      begin_ = ++line_;
    } else if (c != '\r') {
      fields_.back() += c;
    }
    return {};
  }
  Status EndRow() {
    // Files end with a line end and may end with several; a row that holds one quoted empty field is a row.
    const bool blank = fields_.size() == 1 && fields_[0].empty() && !any_;
    if (!blank && table_.columns.empty()) {
      table_.columns = std::move(fields_);
    } else if (!blank) {
      if (fields_.size() != table_.columns.size())
        return UserError(fmt::format("has {} fields, and the header has {}", fields_.size(), table_.columns.size()),
                         fmt::format("{}:{}", where_, begin_));
      table_.rows.push_back(std::move(fields_));
      table_.lines.push_back(begin_);
    }
    fields_.assign(1, {});
    any_ = false;
    return {};
  }

  std::string_view text_;
  const std::string& where_;
  CsvTable table_;
  std::vector<std::string> fields_ = std::vector<std::string>(1);
  std::size_t at_ = 0, line_ = 1, begin_ = 1;  ///< the character, its line, the line on which its row begins
  bool quoted_ = false, any_ = false;          ///< within quotes; the row has a comma or a quote, so it is not blank
};

}  // namespace

Expected<CsvTable> CsvTable::Read(std::string_view text, const std::string& where) {
  return CsvReader(WithoutByteOrderMark(text), where).Read();
}

Expected<std::size_t> CsvTable::Column(std::string_view name) const {
  const auto found = std::ranges::find(columns, name);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  return UserError(fmt::format("has no column `{}`{}", name, DidYouMean(name, columns, "it has")));
}

Status ReadFacts(std::string_view text, const std::string& where, ForeignSource& source,
                 const std::function<Status(ForeignTrial&&)>& visit) {
  source.format = "facts";
  std::uint64_t count = 0;
  const auto counting = [&](ForeignTrial&& trial) {
    ++count;
    return visit(std::move(trial));
  };
  TRY(FirstOf(text) == '{' ? ReadJsonlFacts(text, where, counting) : ReadCsvFacts(text, where, counting));
  return count == 0 ? Status(UserError("holds no episodes", where)) : Status();
}

}  // namespace xsweep
