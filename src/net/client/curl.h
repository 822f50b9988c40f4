// Curl: libcurl's functions, from a library that is opened when the first connection is.
// libcurl brings thirty libraries along (Kerberos, LDAP, SSH, ...); linked in, they are most of the start-up time of
// every command, and only REAL runs and publishing need them. Named after the functions, so that its manual applies.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

namespace xsweep {

struct CurlFunctions {
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_global_cleanup) global_cleanup;
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_assign) multi_assign;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_socket_action) multi_socket_action;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_url) url;
  decltype(&::curl_url_cleanup) url_cleanup;
  decltype(&::curl_url_set) url_set;
};

/// Opened on the first call; thread-safe. CHECKs that libcurl 4 is installed, as its package demands.
const CurlFunctions& Curl();

}  // namespace xsweep
