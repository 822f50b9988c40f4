// MountPage: the page on a server: routes that read disks are asked on other threads than the server's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_server.h"
#include "net/offload.h"
#include "page/routes.h"

namespace xsweep {

/// Serves everything below "/" from `routes`. Answers GET and HEAD only. `server`, `offload` and `routes` outlive it.
Mount MountPage(HttpServer& server, Offload& offload, Routes& routes);

}  // namespace xsweep
