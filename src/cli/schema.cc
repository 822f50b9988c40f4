// xsweep schema: the JSON Schema of configs, for editors.
// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include "cli/command.h"
#include "parts/catalog.h"

namespace xsweep {

Expected<int> SchemaCommand(const Invocation& invocation) {
  Arguments arguments("schema", "Prints the JSON Schema of configs, for editors.",
                      "xsweep schema > xsweep.schema.json");
  TRY_ASSIGN(const auto help, arguments.Parse(invocation.words));
  Print(help ? *help : ConfigSchema(BuildCatalog().Specs()).DumpPretty());
  return kExitDone;
}

}  // namespace xsweep
