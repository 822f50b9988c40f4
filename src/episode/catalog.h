// The catalog: parts by name. `cli` builds it from parts/catalog.cc and hands it to the engine, which knows no part.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/options/check_options.h"
#include "base/options/option.h"
#include "episode/roles.h"

namespace xsweep {

class Http;
class HttpServer;
class IoLoop;

/// What is there for parts that reach outside: the loop that the trial runs on, and what waits on it. They outlive the
/// trial. Nullptr where there is none: no web in SHIM, no loop where nothing may wait (tests, replays).
struct Surroundings {
  IoLoop* loop = nullptr;
  Http* http = nullptr;
  HttpServer* server = nullptr;
};

/// What a part may know of the trial it serves. References outlive the episode.
struct TrialContext {
  const Task& task;
  const Goal& goal;                ///< name is empty when the cell has no attack
  const Environment& environment;  ///< an attack must not look at more than policy and tools
  Draws draws;
  ModelSet models;
  CallIdentity identity;
  Surroundings around{};
};

struct EnvironmentInfo {
  std::string name;         ///< as in the config, e.g. tau2/airline
  std::string version;      ///< a known data version by name, or "unknown version"
  std::string data_sha256;  ///< over all data files, in order of name
  bool python = false;      ///< a Python worker answers the calls
};

/// What an environment needs to play its user and to assess language; nullptr where no model does it.
struct EnvironmentModels {
  Model* user = nullptr;
  Model* judge = nullptr;
  CallIdentity identity{};
  Surroundings around{};
};

/// A desk, loaded once and shared by all threads; each trial gets a fork of its own.
class EnvironmentSource {
 public:
  virtual ~EnvironmentSource() = default;
  virtual const EnvironmentInfo& info() const = 0;
  /// In the order of the data. `Fork` takes an index into it.
  virtual const std::vector<Task>& tasks() const = 0;
  virtual std::string_view policy() const = 0;
  virtual const std::vector<ToolSchema>& tools() const = 0;
  /// The goals that MakeGoal knows, by name.
  virtual const std::vector<std::string>& goals() const = 0;
  /// The places where third-party text enters, by declaration.
  virtual const std::vector<Vector>& vectors() const;
  /// A world for one trial. May wait: a worker or a server has to be ready. `this` outlives the fork.
  virtual Async<Expected<std::unique_ptr<Environment>>> Fork(std::size_t task, EnvironmentModels models) const = 0;
  /// The same world with these tasks in place of its own. Fails with kUser where the tasks are fixed.
  virtual Expected<std::shared_ptr<const EnvironmentSource>> WithTasks(std::vector<Task> tasks) const;
};

/// Makes one trial's part. Preparing (checking options, compiling patterns) happens once per cell, so that making is
/// cheap: it runs for every trial.
template <class Part>
using PartFactory = std::function<std::unique_ptr<Part>(const TrialContext&)>;
/// What was prepared once and is shared by all parts made from it; a part may outlive its factory.
template <class T>
using Shared = std::shared_ptr<const T>;

/// What an attack needs before a trial: the goal it aims at and the factory.
struct AttackPlan {
  GoalRequest goal;   ///< empty name: no goal
  bool none = false;  ///< this is the no-attack arm: its trials are `benign`
  PartFactory<Attack> make;
  bool literal = false;                ///< its text says nothing of a goal, so it can do without one
  std::vector<std::string> vectors{};  ///< the vectors that it names; "*" is all of them
};

/// The goal that `attack` has here: the one that it names, or none (an empty name) when it names `none`, or when its
/// text is literal and the environment has no goals at all.
GoalRequest GoalHere(const AttackPlan& attack, const EnvironmentSource& environment);

template <class Prepared>
struct PartEntry {
  PartSpec spec;
  /// `options` holds the checked options of the spec with defaults filled in. Fails with kUser.
  std::function<Expected<Prepared>(const Json& options)> prepare;

  /// The usual row: `prepare` gets the options read into a `T`. `about` has no options yet; `defaults` is for parts
  /// that share a struct and differ in their defaults.
  template <class T, class Prepare>
  static PartEntry Of(PartSpec about, const Options<T>& options, Prepare prepare, const T& defaults = {}) {
    about.options = options.Specs(defaults);
    return {.spec = std::move(about), .prepare = [options, prepare, defaults](const Json& checked) {
              return Expected<Prepared>(prepare(options.Read(checked, defaults)));
            }};
  }
};

using EnvironmentEntry = PartEntry<std::shared_ptr<const EnvironmentSource>>;

/// The part `name` of `table`, prepared with its completed options. Fails with kUser for an unknown name (listing the
/// known ones) or bad options. Parts that hold parts call it on their own table.
template <class Prepared>
Expected<Prepared> PreparePart(const std::vector<PartEntry<Prepared>>& table, std::string_view role,
                               std::string_view name, const Json& options) {
  std::vector<PartSpec> specs;
  specs.reserve(table.size());
  for (const PartEntry<Prepared>& entry : table) specs.push_back(entry.spec);
  const PartFamily family{.noun = role, .name_key = "name", .specs = &specs};
  for (const PartEntry<Prepared>& entry : table) {
    if (entry.spec.name != name) continue;
    TRY_ASSIGN(const Json complete, CompleteOptions(entry.spec, options, family, fmt::format("{} {}", role, name)));
    return entry.prepare(complete);
  }
  return std::unexpected(UnknownPart(family, name));
}

struct Catalog {
  std::vector<EnvironmentEntry> environments;
  std::vector<PartEntry<PartFactory<Agent>>> agents;
  std::vector<PartEntry<AttackPlan>> attacks;
  std::vector<PartEntry<PartFactory<Defense>>> defenses;
  std::vector<PartEntry<PartFactory<Judge>>> judges;
  std::vector<PartSpec> providers;
  std::vector<PartSpec> declared{};  ///< see PartSpecs

  PartSpecs Specs() const;
  Expected<std::shared_ptr<const EnvironmentSource>> OpenEnvironment(std::string_view name, const Json& options) const;
  Expected<PartFactory<Agent>> PrepareAgent(std::string_view name, const Json& options) const;
  Expected<AttackPlan> PrepareAttack(std::string_view name, const Json& options) const;
  Expected<PartFactory<Defense>> PrepareDefense(std::string_view name, const Json& options) const;
  Expected<PartFactory<Judge>> PrepareJudge(std::string_view name, const Json& options) const;
};

}  // namespace xsweep
