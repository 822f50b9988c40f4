// AnnotatesTools: what an environment may know of its tools beyond what a model is shown.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/json.h"

namespace xsweep {

/// Implemented by an Environment that can say it; asked for by a dynamic_cast, because most cannot.
class AnnotatesTools {
 public:
  virtual ~AnnotatesTools() = default;
  /// What the tool does to the world, in MCP's words (readOnlyHint, destructiveHint, ...); null when not known.
  virtual Json AnnotationsOf(std::string_view tool) const = 0;
  /// The JSON Schema that its data beside the text keeps to; null where nobody says one.
  virtual Json OutputOf(std::string_view /*tool*/) const { return {}; }
};

}  // namespace xsweep
