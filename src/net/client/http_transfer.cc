// HttpTransfer: one request under way.
// SPDX-License-Identifier: Apache-2.0
#include "net/client/http_transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/characters.h"
#include "base/gzip.h"
#include "base/text.h"
#include "net/client/http_sink.h"

namespace xsweep {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10U;

}  // namespace

std::unexpected<HttpError> RefusedRequest(std::string message, const std::string& url) {
  return std::unexpected(HttpError{HttpFailure::kRefused, Error{ErrorKind::kUser, std::move(message), url}});
}

std::string OriginOf(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  return AsciiLower(url.substr(0, url.find_first_of("/?#", host)));
}

HttpTransfer::~HttpTransfer() {
  StopFirstByteTimer();
  pool.ForgetWait(&finished);
  // Out of the multi handle before anything that libcurl's callbacks point to goes; a handle that is returned while a
  // transfer runs on it would call back into a destroyed object.
  if (lane != nullptr) {
    Curl().multi_remove_handle(lane->multi, handle->get());
    --lane->busy;
  }
  if (resolving) pool.EndResolving(origin, false);
  if (handle) pool.ReturnHandle(std::move(*handle));
}

Async<Status> HttpTransfer::Perform() {
  while (!given_up && !pool.Known(origin) && !pool.MayResolve(origin)) {
    pool.AwaitName(&finished);
    CO_TRY(co_await finished);
  }
  if (given_up) co_return Status();
  Start();
  if (refused) co_return Status();
  co_return co_await finished;
}

void HttpTransfer::Start() {
  handle.emplace(pool.TakeHandle(request));
  CURL* easy = handle->get();
  Curl().easy_setopt(easy, CURLOPT_PRIVATE, static_cast<HttpPooled*>(this));
  Curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, message.data());
  Curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpTransfer::OnBody);
  Curl().easy_setopt(easy, CURLOPT_WRITEDATA, this);
  Curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpTransfer::OnHeader);
  Curl().easy_setopt(easy, CURLOPT_HEADERDATA, this);
  Curl().easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &HttpTransfer::OnSocketOpened);
  Curl().easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
  Curl().easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &HttpPool::OnClose);
  Curl().easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &pool);
  if (auto added = AddBody(); !added) {
    refused = std::move(added).error();
    return;
  }
  // Of a burst of calls to a host that nobody has asked yet one looks its name up, and the others wait for that:
  // libcurl starts a thread for each look-up.
  if (!pool.Known(origin)) {
    pool.StartResolving(origin);
    resolving = true;
  }
  // libcurl's own timeouts cover connecting and the whole call. A server that takes the request and then says nothing
  // is told from one that answers slowly only by the first byte, so that has a clock of its own.
  armed = true;
  first_byte = pool.loop().CallAt(pool.loop().clock().Now() + request.timeouts.first_byte, [this] {
    armed = false;
    too_slow = true;
    finished.Wake();
  });
  HttpPool::Lane& chosen = pool.LaneFor(request.url);
  CHECK(Curl().multi_add_handle(chosen.multi, easy) == CURLM_OK, "libcurl does not take a call");
  lane = &chosen;
  ++lane->busy;
}

std::expected<void, HttpError> HttpTransfer::AddBody() {
  CURL* easy = handle->get();
  if (!request.body_file.empty()) {
    file.reset(std::fopen(request.body_file.c_str(), "rbe"));
    if (!file)
      return RefusedRequest(fmt::format("cannot read {}: {}", request.body_file, std::strerror(errno)), request.url);
    std::fseek(file.get(), 0, SEEK_END);
    const long size = std::ftell(file.get());
    std::fseek(file.get(), 0, SEEK_SET);
    Curl().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    Curl().easy_setopt(easy, CURLOPT_READFUNCTION, &HttpTransfer::OnRead);
    Curl().easy_setopt(easy, CURLOPT_READDATA, this);
    Curl().easy_setopt(easy, CURLOPT_SEEKFUNCTION, &HttpTransfer::OnSeek);
    Curl().easy_setopt(easy, CURLOPT_SEEKDATA, this);
    Curl().easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    Curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method == "HEAD") {
    Curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  return {};
}

void HttpTransfer::StopFirstByteTimer() {
  if (armed) pool.loop().CancelTimer(first_byte);
  armed = false;
}

void HttpTransfer::NameFound() {
  if (!resolving) return;
  resolving = false;
  pool.EndResolving(origin, true);
}

void HttpTransfer::Finish(CURLcode result) {
  code = result;
  StopFirstByteTimer();
  finished.Wake();
}

void HttpTransfer::GiveUp() {
  given_up = true;
  finished.Wake();
}

std::size_t HttpTransfer::OnBody(char* data, std::size_t size, std::size_t count, void* call_pointer) {
  HttpTransfer& call = *static_cast<HttpTransfer*>(call_pointer);
  const std::size_t bytes = size * count;
  call.StopFirstByteTimer();
  call.body_bytes += bytes;
  // Taking less than was handed over is how libcurl is told to end a transfer; why it ended is kept here, because its
  // own code says only that writing failed.
  if (call.body_bytes > call.request.max_response_bytes) {
    call.too_large = true;
    return 0;
  }
  if (call.sink != nullptr) {
    call.held.append(data, bytes);
    if (!std::exchange(call.filled, true)) call.pool.Filled(&call);
    return bytes;
  }
  call.response.body.append(data, bytes);
  if (!call.request.enough) return bytes;
  long status = 0;
  Curl().easy_getinfo(call.handle->get(), CURLINFO_RESPONSE_CODE, &status);
  call.response.status = static_cast<int>(status);
  call.had_enough = call.request.enough(call.response, {data, bytes});
  return call.had_enough ? 0 : bytes;
}

std::size_t HttpTransfer::OnHeader(char* data, std::size_t size, std::size_t count, void* call_pointer) {
  HttpTransfer& call = *static_cast<HttpTransfer*>(call_pointer);
  const std::string_view line = Trim({data, size * count});
  call.StopFirstByteTimer();
  call.header_bytes += size * count;
  if (call.header_bytes > kMaxHeaderBytes) {
    call.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) call.response.headers.clear();  // a 1xx came before
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
    call.response.headers.push_back({AsciiLower(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1)))});
  }
  return size * count;
}

std::size_t HttpTransfer::OnRead(char* data, std::size_t size, std::size_t count, void* call_pointer) {
  HttpTransfer& call = *static_cast<HttpTransfer*>(call_pointer);
  const std::size_t got = std::fread(data, size, count, call.file.get());
  return std::ferror(call.file.get()) ? CURL_READFUNC_ABORT : got * size;
}

int HttpTransfer::OnSeek(void* call_pointer, curl_off_t offset, int origin) {
  HttpTransfer& call = *static_cast<HttpTransfer*>(call_pointer);
  return std::fseek(call.file.get(), offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int HttpTransfer::OnSocketOpened(void* call_pointer, curl_socket_t socket, curlsocktype) {
  HttpTransfer& call = *static_cast<HttpTransfer*>(call_pointer);
  call.NameFound();
  call.pool.Opened(socket);
  return CURL_SOCKOPT_OK;
}

namespace {

// libcurl keeps no errno of a socket that it could not make. Whether another descriptor can be had tells it afterwards.
bool OutOfFiles() {
  const int another = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (another >= 0) ::close(another);
  return another < 0 && (errno == EMFILE || errno == ENFILE);
}

}  // namespace

std::string HttpTransfer::Scrubbed(std::string text) const {
  for (const SecretHeader& header : request.secret_headers) header.secret.Scrub(text);
  if (request.sigv4) request.sigv4->secret_key.Scrub(text);
  return text;
}

// What ends like the beginning of a key waits for what follows; all else goes on at once.
void HttpTransfer::HandOn() {
  filled = false;
  if (finished.woken()) return;  // its result takes the rest along
  HandOnHeld();
}

void HttpTransfer::HandOnHeld() {
  if (held.empty()) return;
  Begin();
  held = Scrubbed(std::move(held));
  std::size_t kept = 0;
  for (const SecretHeader& header : request.secret_headers) {
    const std::string_view key = header.secret.Reveal();
    for (std::size_t n = std::min(key.size(), held.size()); n > kept; --n)
      if (std::string_view(held).ends_with(key.substr(0, n))) kept = n;
  }
  sink->Add(std::string_view(held).substr(0, held.size() - kept));
  held.erase(0, held.size() - kept);
}

void HttpTransfer::Begin() {
  if (std::exchange(begun, true)) return;
  long status = 0;
  Curl().easy_getinfo(handle->get(), CURLINFO_RESPONSE_CODE, &status);
  std::vector<HttpHeader> headers = response.headers;
  for (HttpHeader& header : headers) header.value = Scrubbed(std::move(header.value));
  sink->Begin(static_cast<int>(status), std::move(headers));
}

HttpError HttpTransfer::Failure() const {
  const std::string_view detail =
      message[0] != '\0' ? std::string_view(message.data()) : std::string_view(Curl().easy_strerror(code));
  const auto world = [this](HttpFailure failure, std::string text) {
    return HttpError{failure, Error{ErrorKind::kWorld, Scrubbed(std::move(text)), Scrubbed(request.url)}};
  };
  if (too_large) {
    return world(HttpFailure::kTooLarge,
                 fmt::format("the answer is longer than {} bytes and was cut off", request.max_response_bytes));
  }
  if (too_slow) {
    return world(HttpFailure::kTimeout,
                 fmt::format("no answer began within {} ms", request.timeouts.first_byte.count()));
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      // libcurl says of a socket that cannot be made that the server cannot be reached.
      if (OutOfFiles()) {
        return world(HttpFailure::kConnect,
                     "too many files are open in this process: raise the limit (`ulimit -n`) or lower --jobs");
      }
      [[fallthrough]];
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return world(HttpFailure::kConnect, fmt::format("cannot connect: {}", detail));
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected = 0;
      Curl().easy_getinfo(handle->get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
      if (connected == 0) {
        return world(HttpFailure::kConnect,
                     fmt::format("cannot connect within {} ms", request.timeouts.connect.count()));
      }
      return world(HttpFailure::kTimeout,
                   fmt::format("the answer was not complete within {} ms", request.timeouts.total.count()));
    }
    case CURLE_URL_MALFORMAT:
    case CURLE_ABORTED_BY_CALLBACK:
      return HttpError{HttpFailure::kRefused,
                       Error{ErrorKind::kUser, fmt::format("cannot be sent: {}", detail), Scrubbed(request.url)}};
    default: return world(HttpFailure::kBroken, fmt::format("the connection broke: {}", detail));
  }
}

std::expected<HttpResponse, HttpError> HttpTransfer::Result() {
  if (refused) return std::unexpected(*refused);
  if (too_slow || too_large || (code != CURLE_OK && !had_enough)) {
    if (sink != nullptr) HandOnHeld();
    return std::unexpected(Failure());
  }
  long status = 0;
  Curl().easy_getinfo(handle->get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  if (request.route.decode && IsGzip(response.body)) {  // its header was lost on the way; damaged, it stays as it is
    auto unpacked = Gunzip(response.body, request.url, request.max_response_bytes);
    if (unpacked) response.body = std::move(*unpacked);
  }
  response.body = Scrubbed(std::move(response.body));
  if (sink != nullptr) {
    if (!held.empty()) Begin();
    sink->Whole(Scrubbed(std::exchange(held, {})));
  }
  for (HttpHeader& header : response.headers) header.value = Scrubbed(std::move(header.value));
  return std::move(response);
}

}  // namespace xsweep
