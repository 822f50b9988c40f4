// Replay: executes recorded tool calls on a desk and writes down what happened; behind `xsweep env replay`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "parts/environments/world/tools.h"

namespace xsweep {

/// Two forms of lines, as `../shared/tau/recorded` has them:
///  - a task: `actions` is a list of {name, arguments | kwargs}; each gets `result` (tau2) or `observation` and `done`
///    (v1), `error`, and the state's hash after it; the line gets the hashes before and after all;
///  - a single call: {seq, i, name, arguments}; calls of one `seq` share one state, in the order of the lines. Gets
///    `content`, `error`, `db_hash` (tau2) or `observation`, `done`, `crash`, `data_hash` (v1). A v1 state starts anew
///    after `done`.
/// What a line says in those fields is ignored and replaced in its place; all other fields and their order stay.
class Replay {
 public:
  /// `desk` must outlive the replay; `world` holds that desk's data.
  Replay(const Desk& desk, std::shared_ptr<const World> world);

  /// One line in, the same line filled in out (Python's json.dumps, no line break). A line that is not JSON or has
  /// neither form is a user error.
  Expected<std::string> Line(std::string_view line);

 private:
  Json Task(Json line) const;
  Json Call(Json line);
  void Execute(State& state, Json& call, std::string_view text_field, std::string_view hash_field) const;

  const Desk* desk_;
  std::shared_ptr<const World> world_;
  std::map<std::string, State> states_;  ///< by `seq`
};

/// All lines of a stream; blank ones are left out. Errors name `where` and the line.
Expected<std::vector<std::string>> ReplayLines(const Desk& desk, const std::shared_ptr<const World>& world,
                                               std::istream& lines, const std::string& where);

/// A call as the benchmark makes it for that requestor: tau2 knows "assistant" and a "user" without tools.
ToolOutput CallAs(const Desk& desk, State& state, std::string_view requestor, std::string_view name,
                  const Json& arguments);

}  // namespace xsweep
