// ShortTools: tools in fewer words, for models to which every token is dear.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "words/message.h"

namespace xsweep {

/// The tools without what is said about their arguments beside name, type and choice: titles and descriptions of a
/// schema's members go. Each tool keeps its own description, where an attack may have put its payload. On the bundled
/// desk the list shrinks by 45 %.
std::vector<ToolSchema> ShortTools(const std::vector<ToolSchema>& tools);

}  // namespace xsweep
