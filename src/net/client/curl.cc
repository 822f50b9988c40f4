// Curl: libcurl's functions, from a library that is opened when the first connection is.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/curl.h"

#include <dlfcn.h>

#include "base/error.h"

namespace xsweep {
namespace {

template <class Function>
void Load(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  CHECK(function != nullptr, "libcurl is older than xsweep needs");
}

CurlFunctions OpenCurl() {
  // Never closed: its threads and handlers at exit outlive every user.
  void* library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
  CHECK(library != nullptr, "libcurl.so.4 is not installed; apt-get install libcurl4");
  CurlFunctions functions{};
  Load(library, "curl_easy_cleanup", functions.easy_cleanup);
  Load(library, "curl_easy_getinfo", functions.easy_getinfo);
  Load(library, "curl_easy_init", functions.easy_init);
  Load(library, "curl_easy_reset", functions.easy_reset);
  Load(library, "curl_easy_setopt", functions.easy_setopt);
  Load(library, "curl_easy_strerror", functions.easy_strerror);
  Load(library, "curl_global_cleanup", functions.global_cleanup);
  Load(library, "curl_global_init", functions.global_init);
  Load(library, "curl_multi_add_handle", functions.multi_add_handle);
  Load(library, "curl_multi_assign", functions.multi_assign);
  Load(library, "curl_multi_cleanup", functions.multi_cleanup);
  Load(library, "curl_multi_info_read", functions.multi_info_read);
  Load(library, "curl_multi_init", functions.multi_init);
  Load(library, "curl_multi_remove_handle", functions.multi_remove_handle);
  Load(library, "curl_multi_setopt", functions.multi_setopt);
  Load(library, "curl_multi_socket_action", functions.multi_socket_action);
  Load(library, "curl_slist_append", functions.slist_append);
  Load(library, "curl_slist_free_all", functions.slist_free_all);
  Load(library, "curl_url", functions.url);
  Load(library, "curl_url_cleanup", functions.url_cleanup);
  Load(library, "curl_url_set", functions.url_set);
  return functions;
}

}  // namespace

const CurlFunctions& Curl() {
  static const CurlFunctions functions = OpenCurl();
  return functions;
}

}  // namespace xsweep
