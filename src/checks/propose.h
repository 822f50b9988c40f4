// Propose: a first guess at what an unknown environment's config could declare, for a person to go on from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// Lists of records as they stand in a config (see parts/environments/declared/declared.h). They load and run as they
/// are: every tool is there and every argument has a value of its schema's type.
struct Proposal {
  Json tasks = Json::MakeArray();    ///< one for each reading tool, at most three
  Json goals = Json::MakeArray();    ///< one for each writing tool, at most three
  Json vectors = Json::MakeArray();  ///< one for each reading tool: its first text of some length, or the whole result
};

/// Looks at the tools' names and schemas, and calls those that only read and need no argument, on a fork of its own.
Expected<Proposal> ProposeDeclarations(const EnvironmentSource& environment);

}  // namespace xsweep
