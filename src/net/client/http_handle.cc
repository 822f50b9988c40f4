// HttpHandle: a handle of libcurl and what it is set to.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http_handle.h"

#include <string.h>

#include <algorithm>

#include "base/text.h"

namespace xsweep {
namespace {

bool SameHeader(const HttpHeader& a, const HttpHeader& b) { return a.value == b.value && a.name == b.name; }

bool SameSecret(const SecretHeader& a, const SecretHeader& b) {
  return a.secret.SharesWith(b.secret) && a.prefix == b.prefix && a.name == b.name;
}

/// What may be asked again with nothing new but the body.
bool IsPlainPost(const HttpRequest& request) {
  return request.method == "POST" && request.body_file.empty() && !request.sigv4;
}

}  // namespace

HttpHandle::HttpHandle() : easy_(Curl().easy_init()) { CHECK(easy_ != nullptr, "libcurl is out of memory"); }

bool HttpHandle::Fits(const HttpRequest& request) const {
  return made_for_ && IsPlainPost(request) && made_for_->url == request.url &&
         made_for_->timeouts.connect == request.timeouts.connect &&
         made_for_->timeouts.total == request.timeouts.total && made_for_->route == request.route &&
         std::ranges::equal(made_for_->headers, request.headers, SameHeader) &&
         std::ranges::equal(made_for_->secret_headers, request.secret_headers, SameSecret);
}

void HttpHandle::SetUp(const HttpRequest& request, const HttpSettings& settings) {
  made_for_.reset();
  Curl().easy_reset(get());
  SetBasics(request, settings);
  SetHeaders(request);
  if (request.sigv4) SetSignature(*request.sigv4);
  if (!IsPlainPost(request)) return;
  made_for_.emplace();
  made_for_->url = request.url;
  made_for_->headers = request.headers;
  made_for_->secret_headers = request.secret_headers;
  made_for_->timeouts = request.timeouts;
  made_for_->route = request.route;
}

void HttpHandle::SetBasics(const HttpRequest& request, const HttpSettings& settings) {
  CURL* easy = get();
  SetUrl(request.url);
  Curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  Curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name that is not found yet when a call is given up: its thread is left to end by itself, nobody waits for it.
  Curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  Curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  if (request.url[4] == 's' || request.url[4] == 'S') Curl().easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  SetRoute(request, settings);
  Curl().easy_setopt(easy, CURLOPT_USERAGENT, settings.user_agent.c_str());
  Curl().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  Curl().easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 600L);
  Curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 8192L);
  Curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeouts.connect.count()));
  Curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeouts.total.count()));
}

/// Taken apart once: of a text libcurl does it again for each call of a dialogue. What it cannot take apart stays a
/// text, so that the call fails in its words.
void HttpHandle::SetUrl(const std::string& url) {
  url_.reset(Curl().url());
  if (Curl().url_set(url_.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK) {
    Curl().easy_setopt(get(), CURLOPT_CURLU, url_.get());
  } else {
    Curl().easy_setopt(get(), CURLOPT_URL, url.c_str());
  }
}

void HttpHandle::SetRoute(const HttpRequest& request, const HttpSettings& settings) {
  CURL* easy = get();
  const HttpRoute& route = request.route;
  const bool environment = settings.proxy_from_environment || route.proxy_from_environment;
  if (IsLoopback(request.url) || (route.proxy.empty() && !environment)) {
    Curl().easy_setopt(easy, CURLOPT_PROXY, "");
  } else if (!route.proxy.empty()) {
    Curl().easy_setopt(easy, CURLOPT_PROXY, route.proxy.c_str());
  }
  const std::string& trusted = route.ca_file.empty() ? settings.ca_file : route.ca_file;
  if (!trusted.empty()) Curl().easy_setopt(easy, CURLOPT_CAINFO, trusted.c_str());
  // "identity" asks for no compression; some gateways compress all the same, and libcurl unpacks only when it was told
  // to ask for something.
  if (route.decode) Curl().easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
}

void HttpHandle::SetHeaders(const HttpRequest& request) {
  headers_.reset();
  const auto add = [this](const std::string& line) {
    curl_slist* longer = Curl().slist_append(headers_.get(), line.c_str());
    CHECK(longer != nullptr, "libcurl is out of memory");
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  };
  bool has_type = false;
  for (const HttpHeader& header : request.headers) {
    has_type = has_type || AsciiLower(header.name) == "content-type";
    // libcurl drops a header without a value unless it ends in a semicolon.
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  if (!has_type) add("Content-Type:");
  add("Expect:");  // saves the round trip that libcurl spends on asking before it sends a large body
  for (const SecretHeader& header : request.secret_headers) {
    if (header.secret.empty()) continue;
    std::string line = header.name + ": " + header.prefix;
    line += header.secret.Reveal();
    add(line);
    explicit_bzero(line.data(), line.size());
  }
  Curl().easy_setopt(get(), CURLOPT_HTTPHEADER, headers_.get());
}

void HttpHandle::SetSignature(const SigV4& sign) {
  Curl().easy_setopt(get(), CURLOPT_AWS_SIGV4, ("aws:amz:" + sign.region + ":" + sign.service).c_str());
  Curl().easy_setopt(get(), CURLOPT_USERNAME, sign.access_key_id.c_str());
  std::string key(sign.secret_key.Reveal());
  Curl().easy_setopt(get(), CURLOPT_PASSWORD, key.c_str());
  explicit_bzero(key.data(), key.size());
}

}  // namespace xsweep
