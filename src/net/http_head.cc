// The heads of requests and answers.
// SPDX-License-Identifier: Apache-2.0
#include <utility>  // boost/asio 1.74 forgets it

#include "net/http_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/text.h"
#include "base/wire_text.h"

namespace xsweep {
namespace {

namespace http = boost::beast::http;

std::string_view StatusWords(int status) {
  const auto words = http::obsolete_reason(static_cast<http::status>(status));
  return {words.data(), words.size()};
}

/// Percent-decoded; empty when it is broken or decodes to what no path of ours holds.
std::string DecodePath(std::string_view target) {
  const auto path = PercentDecoded(target);
  const auto strange = [](unsigned char c) { return c < 32 || c == '\\' || c == 127; };
  return path && std::ranges::none_of(*path, strange) ? *path : std::string();
}

bool CleanPath(std::string_view path) {
  if (!path.starts_with('/') || path.find("//") != std::string_view::npos) return false;
  return (std::string(path) + "/").find("/../") == std::string::npos && path.find("/./") == std::string_view::npos;
}

std::string_view ToStd(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string AnswerHead(int status, std::string_view type, const HeaderFields& fields, std::optional<std::uint64_t> size,
                       bool keep) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, StatusWords(status));
  if (!type.empty()) head.append("Content-Type: ").append(type).append("\r\n");
  bool cache = false;
  for (const auto& [name, value] : fields) {
    head.append(name).append(": ").append(value).append("\r\n");
    cache = cache || name == "Cache-Control";
  }
  if (!cache) head += "Cache-Control: no-store\r\n";
  head += "X-Content-Type-Options: nosniff\r\n";
  if (size) {
    head += fmt::format("Content-Length: {}\r\n", *size);
  } else {
    head += "Transfer-Encoding: chunked\r\n";
  }
  return head + (keep ? "\r\n" : "Connection: close\r\n\r\n");
}

int Feed(HttpParser& parser, std::string& buffer) {
  boost::beast::error_code code;
  const bool in_body = parser.is_header_done();
  while (!buffer.empty() && !parser.is_done() && parser.is_header_done() == in_body) {
    const std::size_t used = parser.put(boost::asio::buffer(buffer), code);
    buffer.erase(0, used);
    if (code == http::error::need_more) return 0;
    if (code == http::error::header_limit) return 431;
    if (code == http::error::body_limit) return 413;
    if (code) return 400;
    if (used == 0) return 0;
  }
  return 0;
}

Expected<RequestHead> ReadRequestHead(const HttpParser& parser) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = ToStd(message.method_string());
  const std::string_view target = ToStd(message.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  head.path = DecodePath(target.substr(0, mark));
  if (mark < target.size()) head.query = target.substr(mark + 1);
  if (!CleanPath(head.path)) return UserError("this is no clean path");
  int hosts = 0;
  for (const auto& field : message) {
    std::string name = AsciiLower(ToStd(field.name_string()));
    if (name == "host") {
      head.host = ToStd(field.value());
      ++hosts;
    }
    head.fields.emplace_back(std::move(name), ToStd(field.value()));
  }
  if (hosts != 1) return UserError("a request needs one Host header");
  return head;
}

}  // namespace xsweep
