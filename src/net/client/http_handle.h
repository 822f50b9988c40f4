// HttpHandle: a handle of libcurl and what it is set to. Only http*.cc include it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/client/curl.h"
#include "net/client/http_types.h"

namespace xsweep {

struct CurlEasyFree {
  void operator()(CURL* easy) const { Curl().easy_cleanup(easy); }
};
struct CurlUrlFree {
  void operator()(CURLU* url) const { Curl().url_cleanup(url); }
};
struct CurlListFree {
  void operator()(curl_slist* list) const { Curl().slist_free_all(list); }
};

/// Keeps the settings of the call it made last: the next message of a dialogue goes to the same address with the same
/// headers, and telling libcurl all of that again costs as much as parsing the answer.
class HttpHandle {
 public:
  HttpHandle();

  CURL* get() const { return easy_.get(); }
  /// Whether nothing but the body has to be set for this request.
  bool Fits(const HttpRequest& request) const;
  /// Forgets what was set, and sets everything but the body and whose call it is.
  void SetUp(const HttpRequest& request, const HttpSettings& settings);

 private:
  void SetBasics(const HttpRequest& request, const HttpSettings& settings);
  void SetUrl(const std::string& url);
  void SetRoute(const HttpRequest& request, const HttpSettings& settings);
  void SetHeaders(const HttpRequest& request);
  void SetSignature(const SigV4& sign);

  std::unique_ptr<CURLU, CurlUrlFree> url_;  ///< outlives the handle that refers to it
  std::unique_ptr<CURL, CurlEasyFree> easy_;
  std::unique_ptr<curl_slist, CurlListFree> headers_;
  std::optional<HttpRequest> made_for_;  ///< without its body; empty for a call whose settings are its own
};

}  // namespace xsweep
