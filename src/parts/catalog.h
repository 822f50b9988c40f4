// The catalog of all parts: the one place that names them all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// Every part of the program except environments and providers, which have tables of their own kind: whoever builds
/// them in sets `environments` and `providers` of the result.
Catalog BuildCatalog();

}  // namespace xsweep
