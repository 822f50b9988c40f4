// The heads of requests and answers, between the wire and the server's own words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace xsweep {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;
/// Reads the strangers' bytes.
using HttpParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// Gives the parser what has come, to the end of the head or, after that, of the body, and takes it out of `buffer`. 0
/// when all is well so far, or the status that says what is wrong.
int Feed(HttpParser& parser, std::string& buffer);

struct RequestHead {
  std::string method;
  std::string path;  ///< decoded and clean
  std::string query;
  std::string host;
  HeaderFields fields;  ///< names in lower case
};

/// What the parser has found. Fails with kUser when it is no request that is answered: a path that is not clean, or not
/// exactly one Host.
Expected<RequestHead> ReadRequestHead(const HttpParser& parser);

/// Status line and headers of an answer, the empty line included. Without `size` the body is chunked; without `keep`
/// the connection ends behind it. No type: no header of it.
std::string AnswerHead(int status, std::string_view type, const HeaderFields& fields, std::optional<std::uint64_t> size,
                       bool keep);

}  // namespace xsweep
