// Http: calls to web servers that a coroutine can await, thousands at a time on one loop.
// SPDX-License-Identifier: Apache-2.0
#include "base/http.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <set>

#include "base/curl.h"

namespace xsweep {
namespace {

// libcurl looks for an idle connection by walking all that it has to one host: with 2,000 in flight that walk is most
// of a call. Cleartext HTTP, which cannot multiplex, is therefore spread over several libcurl pools.
constexpr std::size_t kLanes = 24;
constexpr std::size_t kMaxHeaderBytes = 256 * 1024;
constexpr std::size_t kIdleHandles = 4096;

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

/// scheme://host[:port], in lower case.
std::string Origin(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  return LowerCase(url.substr(0, url.find_first_of("/?#", host)));
}

struct ListFree {
  void operator()(curl_slist* list) const { Curl().slist_free_all(list); }
};
struct EasyFree {
  void operator()(CURL* easy) const { Curl().easy_cleanup(easy); }
};
struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Easy = std::unique_ptr<CURL, EasyFree>;

std::unexpected<HttpError> Refused(std::string message, const std::string& url) {
  return std::unexpected(HttpError{HttpFailure::kRefused, Error{ErrorKind::kUser, std::move(message), url}});
}

std::expected<void, HttpError> CheckRequest(const HttpRequest& request) {
  const std::string scheme = LowerCase(request.url.substr(0, 8));
  if (!StartsWith(scheme, "http://") && !StartsWith(scheme, "https://")) {
    return Refused("only http:// and https:// addresses can be called", request.url);
  }
  if (Origin(request.url).find('@') != std::string::npos) {
    return Refused("an address must not carry a user name or password; name an environment variable that holds the key",
                   "URL");
  }
  const auto breaks_line = [](std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; };
  for (const HttpHeader& header : request.headers) {
    if (breaks_line(header.name) || breaks_line(header.value)) {
      return Refused("a header of the request contains a line break", request.url);
    }
  }
  return {};
}

}  // namespace

const std::string* HttpResponse::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

/// What libcurl is used through: lanes of connections, idle handles, and the calls that wait for a name.
class Http::Pool {
 public:
  struct Call;
  struct Lane {
    Pool* pool = nullptr;
    CURLM* multi = nullptr;
    std::size_t busy = 0;
    bool armed = false;
    IoLoop::TimerId timer;
  };

  Pool(IoLoop& loop, HttpSettings settings);
  ~Pool();

  IoLoop& loop() { return loop_; }
  Easy TakeEasy();
  void ReturnEasy(Easy easy);
  Lane& LaneFor(const std::string& url);
  void Configure(CURL* easy, const HttpRequest& request) const;
  /// True when nobody is asking for this name right now; the caller then asks. libcurl starts a thread per lookup, so
  /// a burst of calls to one name must not all ask at once.
  bool MayResolve(const std::string& origin) { return !resolving_.contains(origin); }
  void StartResolving(const std::string& origin) { resolving_.insert(origin); }
  void EndResolving(const std::string& origin, bool found);
  bool Known(const std::string& origin) const { return known_.contains(origin); }
  void AwaitName(Wait* wait) { awaiting_name_.push_back(wait); }
  void ForgetWait(Wait* wait) { std::erase(awaiting_name_, wait); }
  void Drive(Lane& lane, curl_socket_t socket, int what);

 private:
  static int OnSocket(CURL*, curl_socket_t socket, int what, void* lane, void* known);
  static int OnTimer(CURLM*, long timeout_ms, void* lane);
  void Arm(Lane& lane, long timeout_ms);
  void CollectFinished(Lane& lane);

  IoLoop& loop_;
  HttpSettings settings_;
  std::array<Lane, kLanes + 1> lanes_;  ///< the last one is for TLS, where HTTP/2 shares one connection
  std::vector<Easy> idle_;
  std::set<std::string> resolving_;
  std::set<std::string> known_;
  std::vector<Wait*> awaiting_name_;
};

/// One transfer; lives in the frame of the coroutine that awaits it.
struct Http::Pool::Call {
  Pool& pool;
  const HttpRequest& request;
  const std::string origin;
  Wait finished;
  Easy easy;
  Lane* lane = nullptr;
  std::unique_ptr<curl_slist, ListFree> header_list;
  std::unique_ptr<std::FILE, FileClose> file;
  HttpResponse response;
  std::size_t header_bytes = 0;
  CURLcode code = CURLE_OK;
  bool too_large = false;
  bool too_slow = false;
  bool resolving = false;
  bool armed = false;
  IoLoop::TimerId first_byte;
  std::array<char, CURL_ERROR_SIZE> message{};

  Call(Pool& owner, const HttpRequest& what)
      : pool(owner), request(what), origin(Origin(what.url)), finished(owner.loop()) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  std::expected<void, HttpError> Start();
  std::expected<void, HttpError> AddBody();
  void AddHeaders();
  void Sign();
  void StopFirstByteTimer();
  void NameFound();
  void Finish(CURLcode result);
  std::expected<HttpResponse, HttpError> Result();
  HttpError Failure() const;
  std::string Scrubbed(std::string text) const;

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* call);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* call);
  static std::size_t OnRead(char* data, std::size_t size, std::size_t count, void* call);
  static int OnSeek(void* call, curl_off_t offset, int origin);
  static int OnSocketOpened(void* call, curl_socket_t, curlsocktype);
};

Http::Pool::Pool(IoLoop& loop, HttpSettings settings) : loop_(loop), settings_(std::move(settings)) {
  CHECK(Curl().global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl does not start");
  std::signal(SIGPIPE, SIG_IGN);
  for (Lane& lane : lanes_) {
    lane.pool = this;
    lane.multi = Curl().multi_init();
    CHECK(lane.multi != nullptr, "libcurl is out of memory");
    Curl().multi_setopt(lane.multi, CURLMOPT_SOCKETFUNCTION, &Pool::OnSocket);
    Curl().multi_setopt(lane.multi, CURLMOPT_SOCKETDATA, &lane);
    Curl().multi_setopt(lane.multi, CURLMOPT_TIMERFUNCTION, &Pool::OnTimer);
    Curl().multi_setopt(lane.multi, CURLMOPT_TIMERDATA, &lane);
  }
}

Http::Pool::~Pool() {
  for (Lane& lane : lanes_) {
    CHECK(lane.busy == 0, "Http was destroyed while a call was under way");
    Curl().multi_cleanup(lane.multi);
    if (lane.armed) loop_.CancelTimer(lane.timer);
  }
  idle_.clear();
  Curl().global_cleanup();
}

Easy Http::Pool::TakeEasy() {
  if (idle_.empty()) return Easy(Curl().easy_init());
  Easy easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

void Http::Pool::ReturnEasy(Easy easy) {
  if (idle_.size() >= kIdleHandles) return;
  Curl().easy_reset(easy.get());
  idle_.push_back(std::move(easy));
}

Http::Pool::Lane& Http::Pool::LaneFor(const std::string& url) {
  if (LowerCase(url.substr(0, 6)) == "https:") return lanes_.back();
  return *std::min_element(lanes_.begin(), lanes_.end() - 1,
                           [](const Lane& a, const Lane& b) { return a.busy < b.busy; });
}

void Http::Pool::Configure(CURL* easy, const HttpRequest& request) const {
  Curl().easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  Curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  Curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  if (request.url[4] == 's' || request.url[4] == 'S') Curl().easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  if (!settings_.proxy_from_environment) Curl().easy_setopt(easy, CURLOPT_PROXY, "");
  if (!settings_.ca_file.empty()) Curl().easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
  Curl().easy_setopt(easy, CURLOPT_USERAGENT, settings_.user_agent.c_str());
  Curl().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  Curl().easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 600L);
  Curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 8192L);
  Curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeouts.connect.count()));
  Curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeouts.total.count()));
}

void Http::Pool::EndResolving(const std::string& origin, bool found) {
  resolving_.erase(origin);
  if (found) known_.insert(origin);
  for (Wait* wait : awaiting_name_) wait->Wake();
  awaiting_name_.clear();
}

int Http::Pool::OnSocket(CURL*, curl_socket_t socket, int what, void* lane_pointer, void* known) {
  Lane& lane = *static_cast<Lane*>(lane_pointer);
  IoLoop& loop = lane.pool->loop_;
  if (what == CURL_POLL_REMOVE) {
    loop.Unwatch(socket);
    return 0;
  }
  std::uint32_t events = 0;
  if (what & CURL_POLL_IN) events |= EPOLLIN;
  if (what & CURL_POLL_OUT) events |= EPOLLOUT;
  if (known != nullptr) {
    loop.Rewatch(socket, events);
    return 0;
  }
  Curl().multi_assign(lane.multi, socket, &lane);
  loop.Watch(socket, events, [&lane, socket](std::uint32_t got) {
    int bits = 0;
    if (got & EPOLLIN) bits |= CURL_CSELECT_IN;
    if (got & EPOLLOUT) bits |= CURL_CSELECT_OUT;
    if (got & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
    lane.pool->Drive(lane, socket, bits);
  });
  return 0;
}

int Http::Pool::OnTimer(CURLM*, long timeout_ms, void* lane) {
  Lane& armed = *static_cast<Lane*>(lane);
  armed.pool->Arm(armed, timeout_ms);
  return 0;
}

void Http::Pool::Arm(Lane& lane, long timeout_ms) {
  if (lane.armed) loop_.CancelTimer(lane.timer);
  lane.armed = timeout_ms >= 0;
  if (!lane.armed) return;
  const SteadyTime when = loop_.clock().Now() + std::chrono::milliseconds(timeout_ms);
  lane.timer = loop_.CallAt(when, [this, &lane] {
    lane.armed = false;
    Drive(lane, CURL_SOCKET_TIMEOUT, 0);
  });
}

void Http::Pool::Drive(Lane& lane, curl_socket_t socket, int what) {
  int running = 0;
  Curl().multi_socket_action(lane.multi, socket, what, &running);
  CollectFinished(lane);
}

void Http::Pool::CollectFinished(Lane& lane) {
  int left = 0;
  while (const CURLMsg* message = Curl().multi_info_read(lane.multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Call* call = nullptr;
    Curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    call->Finish(message->data.result);
  }
}

Http::Pool::Call::~Call() {
  StopFirstByteTimer();
  pool.ForgetWait(&finished);
  if (lane != nullptr) {
    Curl().multi_remove_handle(lane->multi, easy.get());
    --lane->busy;
  }
  if (resolving) pool.EndResolving(origin, false);
  if (easy) pool.ReturnEasy(std::move(easy));
}

std::expected<void, HttpError> Http::Pool::Call::Start() {
  easy = pool.TakeEasy();
  CHECK(easy != nullptr, "libcurl is out of memory");
  CURL* handle = easy.get();
  pool.Configure(handle, request);
  Curl().easy_setopt(handle, CURLOPT_PRIVATE, this);
  Curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, message.data());
  Curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Call::OnBody);
  Curl().easy_setopt(handle, CURLOPT_WRITEDATA, this);
  Curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Call::OnHeader);
  Curl().easy_setopt(handle, CURLOPT_HEADERDATA, this);
  if (auto added = AddBody(); !added) return added;
  AddHeaders();
  if (request.sigv4) Sign();
  if (!pool.Known(origin)) {
    pool.StartResolving(origin);
    resolving = true;
    Curl().easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, &Call::OnSocketOpened);
    Curl().easy_setopt(handle, CURLOPT_SOCKOPTDATA, this);
  }
  armed = true;
  first_byte = pool.loop().CallAt(pool.loop().clock().Now() + request.timeouts.first_byte, [this] {
    armed = false;
    too_slow = true;
    finished.Wake();
  });
  Lane& chosen = pool.LaneFor(request.url);
  CHECK(Curl().multi_add_handle(chosen.multi, handle) == CURLM_OK, "libcurl does not take a call");
  lane = &chosen;
  ++lane->busy;
  return {};
}

std::expected<void, HttpError> Http::Pool::Call::AddBody() {
  CURL* handle = easy.get();
  if (!request.body_file.empty()) {
    file.reset(std::fopen(request.body_file.c_str(), "rbe"));
    if (!file) return Refused(fmt::format("cannot read {}: {}", request.body_file, std::strerror(errno)), request.url);
    std::fseek(file.get(), 0, SEEK_END);
    const long size = std::ftell(file.get());
    std::rewind(file.get());
    Curl().easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    Curl().easy_setopt(handle, CURLOPT_READFUNCTION, &Call::OnRead);
    Curl().easy_setopt(handle, CURLOPT_READDATA, this);
    Curl().easy_setopt(handle, CURLOPT_SEEKFUNCTION, &Call::OnSeek);
    Curl().easy_setopt(handle, CURLOPT_SEEKDATA, this);
    Curl().easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    Curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Curl().easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method == "HEAD") {
    Curl().easy_setopt(handle, CURLOPT_NOBODY, 1L);
  }
  Curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  return {};
}

void Http::Pool::Call::AddHeaders() {
  const auto add = [this](const std::string& line) {
    curl_slist* longer = Curl().slist_append(header_list.get(), line.c_str());
    CHECK(longer != nullptr, "libcurl is out of memory");
    static_cast<void>(header_list.release());
    header_list.reset(longer);
  };
  bool has_type = false;
  for (const HttpHeader& header : request.headers) {
    has_type = has_type || LowerCase(header.name) == "content-type";
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
  Curl().easy_setopt(easy.get(), CURLOPT_HTTPHEADER, header_list.get());
}

void Http::Pool::Call::Sign() {
  const SigV4& sign = *request.sigv4;
  Curl().easy_setopt(easy.get(), CURLOPT_AWS_SIGV4, ("aws:amz:" + sign.region + ":" + sign.service).c_str());
  Curl().easy_setopt(easy.get(), CURLOPT_USERNAME, sign.access_key_id.c_str());
  std::string key(sign.secret_key.Reveal());
  Curl().easy_setopt(easy.get(), CURLOPT_PASSWORD, key.c_str());
  explicit_bzero(key.data(), key.size());
}

void Http::Pool::Call::StopFirstByteTimer() {
  if (armed) pool.loop().CancelTimer(first_byte);
  armed = false;
}

void Http::Pool::Call::NameFound() {
  if (!resolving) return;
  resolving = false;
  pool.EndResolving(origin, true);
}

void Http::Pool::Call::Finish(CURLcode result) {
  code = result;
  StopFirstByteTimer();
  finished.Wake();
}

std::size_t Http::Pool::Call::OnBody(char* data, std::size_t size, std::size_t count, void* call_pointer) {
  Call& call = *static_cast<Call*>(call_pointer);
  const std::size_t bytes = size * count;
  call.StopFirstByteTimer();
  if (call.response.body.size() + bytes > call.request.max_response_bytes) {
    call.too_large = true;
    return 0;
  }
  call.response.body.append(data, bytes);
  return bytes;
}

std::size_t Http::Pool::Call::OnHeader(char* data, std::size_t size, std::size_t count, void* call_pointer) {
  Call& call = *static_cast<Call*>(call_pointer);
  const std::string_view line = Trimmed({data, size * count});
  call.StopFirstByteTimer();
  call.header_bytes += size * count;
  if (call.header_bytes > kMaxHeaderBytes) {
    call.too_large = true;
    return 0;
  }
  if (StartsWith(line, "HTTP/")) call.response.headers.clear();  // a 1xx came before
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && !StartsWith(line, "HTTP/")) {
    call.response.headers.push_back({LowerCase(line.substr(0, colon)), std::string(Trimmed(line.substr(colon + 1)))});
  }
  return size * count;
}

std::size_t Http::Pool::Call::OnRead(char* data, std::size_t size, std::size_t count, void* call_pointer) {
  Call& call = *static_cast<Call*>(call_pointer);
  const std::size_t got = std::fread(data, size, count, call.file.get());
  return std::ferror(call.file.get()) ? CURL_READFUNC_ABORT : got * size;
}

int Http::Pool::Call::OnSeek(void* call_pointer, curl_off_t offset, int origin) {
  Call& call = *static_cast<Call*>(call_pointer);
  return std::fseek(call.file.get(), offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int Http::Pool::Call::OnSocketOpened(void* call, curl_socket_t, curlsocktype) {
  static_cast<Call*>(call)->NameFound();
  return CURL_SOCKOPT_OK;
}

std::string Http::Pool::Call::Scrubbed(std::string text) const {
  for (const SecretHeader& header : request.secret_headers) header.secret.Scrub(text);
  if (request.sigv4) request.sigv4->secret_key.Scrub(text);
  return text;
}

HttpError Http::Pool::Call::Failure() const {
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
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return world(HttpFailure::kConnect, fmt::format("cannot connect: {}", detail));
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t connected = 0;
      Curl().easy_getinfo(easy.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
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

std::expected<HttpResponse, HttpError> Http::Pool::Call::Result() {
  if (too_slow || too_large || code != CURLE_OK) return std::unexpected(Failure());
  long status = 0;
  Curl().easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  response.body = Scrubbed(std::move(response.body));
  for (HttpHeader& header : response.headers) header.value = Scrubbed(std::move(header.value));
  return std::move(response);
}

Http::Http(IoLoop& loop, HttpSettings settings) : pool_(std::make_unique<Pool>(loop, std::move(settings))) {}
Http::~Http() = default;
IoLoop& Http::loop() const { return pool_->loop(); }

Async<std::expected<HttpResponse, HttpError>> Http::Call(HttpRequest request) {
  if (auto sound = CheckRequest(request); !sound) co_return std::unexpected(std::move(sound).error());
  Pool::Call call(*pool_, request);
  const auto stopped = [](Error error) { return std::unexpected(HttpError{HttpFailure::kStopped, std::move(error)}); };
  while (!pool_->Known(call.origin) && !pool_->MayResolve(call.origin)) {
    pool_->AwaitName(&call.finished);
    Status named = co_await call.finished;
    if (!named) co_return stopped(std::move(named).error());
  }
  if (pool_->loop().stopping()) co_return stopped({ErrorKind::kInterrupted, "stopped on request", {}});
  if (auto started = call.Start(); !started) co_return std::unexpected(std::move(started).error());
  Status status = co_await call.finished;
  if (!status) co_return stopped(std::move(status).error());
  co_return call.Result();
}

}  // namespace xsweep
