// The catalog of all parts: the one place that names them all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "episode/catalog.h"

namespace xsweep {

/// Every part of the program.
Catalog BuildCatalog();

}  // namespace xsweep
