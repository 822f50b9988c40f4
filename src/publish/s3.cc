// S3: the site as objects of a bucket.
// SPDX-License-Identifier: Apache-2.0
#include "publish/s3.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "net/client/http.h"
#include "net/io_loop.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

/// The text of the first such element of an XML answer; entities as they are.
std::string Element(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const std::size_t start = xml.find(open);
  if (start == std::string_view::npos) return {};
  const std::size_t end = xml.find(fmt::format("</{}>", name), start);
  if (end == std::string_view::npos) return {};
  return std::string(xml.substr(start + open.size(), end - start - open.size()));
}

std::unexpected<Error> Refusal(const HttpResponse& response, const std::string& url) {
  const std::string code = Element(response.body, "Code");
  std::string words = fmt::format("the server answered {}{}{}", response.status, code.empty() ? "" : " " + code,
                                  code.empty() ? "" : ": " + Element(response.body, "Message"));
  if (response.status == 200 && code.empty()) words += " with a page in place of an answer; is this its endpoint?";
  if (response.status == 403) {
    words += "; check key, secret, region, this machine's clock and the rights on the bucket (get, put and list)";
  }
  if (response.status == 404) words += "; does the bucket exist, and is this its endpoint?";
  if (response.status == 301 || response.status == 307) words += "; the bucket lives in another region: set AWS_REGION";
  return WorldError(std::move(words), url);
}

/// "&#34;" and "&quot;" stand for quotes in an ETag.
std::string QuotedTag(std::string tag) {
  for (const std::string_view entity : {"&quot;", "&#34;"}) {
    for (std::size_t at = 0; (at = tag.find(entity)) != std::string::npos;) tag.replace(at, entity.size(), "\"");
  }
  return tag;
}

constexpr int kMergeTries = 20;

class S3Upload {
 public:
  S3Upload(IoLoop& loop, const S3Options& options, const std::vector<BundleFile>& files,
           const PublishProgress& progress)
      : loop_(loop), http_(loop, {.ca_file = options.ca_file}), options_(options), files_(files), progress_(progress) {}

  /// Files [next, end) as many at once as allowed, then all behind them one after the other.
  Expected<PublishResult> Run() {
    const auto together = static_cast<std::size_t>(
        std::ranges::count_if(files_, [](const BundleFile& file) { return CacheControlOf(file.name) != "no-cache"; }));
    end_ = together;
    for (int worker = 0; worker < options_.parallel; ++worker) {
      loop_.Spawn(Work(), [this](Status status) {
        if (!status && !failure_) failure_ = status.error();
      });
    }
    loop_.RunSpawned();
    end_ = files_.size();
    if (!failure_) {
      if (const Status status = loop_.Run(Work()); !status) failure_ = status.error();
    }
    if (failure_) return std::unexpected(*failure_);
    return result_;
  }

 private:
  Async<Status> Work() {
    while (next_ < end_ && !failure_) {
      const BundleFile& file = files_[next_++];
      CO_TRY(co_await PublishFile(file));
      progress_(++done_, files_.size(), file.name);
    }
    co_return Status();
  }

  Async<Status> PublishFile(const BundleFile& file) {
    const std::string url = S3Url(options_, KeyOf(file.name));
    if (file.name == kRunList) {
      auto merging = MergeRunList(file, url);
      co_return co_await merging;
    }
    CO_TRY_ASSIGN(const MappedFile mapped, MappedFile::Open(file.path));
    const std::string_view bytes = mapped.bytes();
    const std::string hash = Sha256(bytes);
    auto there = co_await HashThere(url);
    if (!there) co_return std::unexpected(there.error());
    if (*there == hash) {
      ++result_.unchanged;
      co_return Status();
    }
    if (!options_.dry_run) {
      const bool in_parts = bytes.size() > options_.multipart_above;
      auto sending = in_parts ? SendInParts(file, url, bytes, hash) : SendWhole(file, url, bytes, hash);
      CO_TRY(co_await sending);
    }
    ++result_.sent;
    result_.sent_bytes += bytes.size();
    co_return Status();
  }

  /// The SHA-256 of what is there; empty when nothing is, or nothing of ours.
  Async<Expected<std::string>> HashThere(std::string url) {
    HttpRequest request = Request("HEAD", url);
    auto response = co_await Send(std::move(request));
    if (!response) co_return std::unexpected(response.error());
    if (response->status == 404) co_return std::string();
    if (response->status != 200) {
      // An answer to HEAD has no body, so the server's own words have to be asked for.
      HttpRequest again = Request("GET", url);
      again.headers.push_back({"Range", "bytes=0-0"});
      auto words = co_await Send(std::move(again));
      co_return Refusal(words && words->status >= 300 ? *words : *response, url);
    }
    const std::string* hash = response->Header("x-amz-meta-xsweep-sha256");
    co_return hash == nullptr ? std::string() : *hash;
  }

  /// The list of runs is shared with whoever publishes into the same place: it is read, merged and written under the
  /// condition that nobody wrote in between, and otherwise read again.
  Async<Status> MergeRunList(const BundleFile& file, std::string url) {
    CO_TRY_ASSIGN(const std::string ours, ReadFile(file.path));
    for (int tries = 0; tries < kMergeTries; ++tries) {
      HttpRequest request = Request("GET", url);
      auto there = co_await Send(std::move(request));
      if (!there) co_return std::unexpected(there.error());
      if (there->status != 200 && there->status != 404) co_return Refusal(*there, url);
      const bool known = there->status == 200;
      CO_TRY_ASSIGN(const std::string merged, MergeRunLists(known ? there->body : std::string(), ours));
      if (known && merged == there->body) {
        ++result_.unchanged;
        co_return Status();
      }
      if (options_.dry_run) co_return Sent(merged.size());
      const std::string* tag = there->Header("etag");
      HttpHeader condition{"If-None-Match", "*"};
      if (known) condition = {"If-Match", tag == nullptr ? std::string() : QuotedTag(*tag)};
      auto writing = PutIf(file, url, merged, condition);
      CO_TRY_ASSIGN(const bool written, co_await writing);
      if (written) co_return Sent(merged.size());
      auto slept = co_await loop_.Sleep(options_.first_wait * (1 + tries));
      if (!slept) co_return std::unexpected(slept.error());
    }
    co_return WorldError("others kept writing the list of runs; publish again", url);
  }

  Status Sent(std::size_t bytes) {
    ++result_.sent;
    result_.sent_bytes += bytes;
    return {};
  }

  /// False when the condition did not hold. A server that knows no conditions (501, or a 400 that names the header) is
  /// asked without one: there a second publisher at the same moment can still be lost.
  Async<Expected<bool>> PutIf(const BundleFile& file, std::string url, std::string bytes, HttpHeader condition) {
    for (const bool conditional : {true, false}) {
      HttpRequest request = Request("PUT", url, bytes);
      Describe(file, Sha256(bytes), request);
      if (conditional && !condition.value.empty()) request.headers.push_back(condition);
      auto response = co_await Send(std::move(request));
      if (!response) co_return std::unexpected(response.error());
      if (IsDone(*response)) co_return true;
      if (response->status == 200) co_return Refusal(*response, url);
      // 409: another conditional write of the same key is under way; 404: what was to match has been removed.
      if (response->status == 412 || response->status == 409 || response->status == 404) co_return false;
      const bool unknown =
          response->status == 501 || (response->status == 400 && Names(response->body, condition.name));
      if (!conditional || !unknown) co_return Refusal(*response, url);
    }
    co_return false;
  }
  static bool Names(std::string_view body, std::string_view header) {
    return body.find(header) != std::string_view::npos || body.find("NotImplemented") != std::string_view::npos;
  }

  Async<Status> SendWhole(const BundleFile& file, std::string url, std::string_view bytes, std::string hash) {
    HttpRequest request = Request("PUT", url, std::string(bytes));
    Describe(file, hash, request);
    auto response = co_await Send(std::move(request));
    if (!response) co_return std::unexpected(response.error());
    if (!IsDone(*response)) co_return Refusal(*response, url);
    co_return Status();
  }

  /// A server that fails late says so in the body of a 200, and a gateway that wants a login answers anything with its
  /// page.
  static bool IsDone(const HttpResponse& response) {
    const std::string_view body = response.body;
    const std::string start = AsciiLower(body.substr(0, std::min<std::size_t>(body.size(), 256)));
    return response.status == 200 && body.find("<Error") == std::string_view::npos &&
           start.find("<html") == std::string::npos && start.find("<!doctype html") == std::string::npos;
  }

  Async<Status> SendInParts(const BundleFile& file, std::string url, std::string_view bytes, std::string hash) {
    HttpRequest start = Request("POST", url + "?uploads=");
    Describe(file, hash, start);
    auto started = co_await Send(std::move(start));
    if (!started) co_return std::unexpected(started.error());
    const std::string id = Element(started->body, "UploadId");
    if (started->status != 200 || id.empty()) co_return Refusal(*started, url);
    auto sent = co_await SendParts(url, id, bytes);
    if (sent) co_return Status();
    // Parts that nobody completes are paid for until somebody removes them.
    HttpRequest abort = Request("DELETE", url + "?uploadId=" + PercentEncoded(id, false));
    auto aborted = co_await Send(std::move(abort));
    static_cast<void>(aborted);
    co_return std::unexpected(sent.error());
  }

  Async<Status> SendParts(std::string url, std::string id, std::string_view bytes) {
    std::string parts = "<CompleteMultipartUpload>";
    int number = 0;
    for (std::uint64_t offset = 0; offset < bytes.size(); offset += options_.part_bytes) {
      const std::string query = fmt::format("?partNumber={}&uploadId={}", ++number, PercentEncoded(id, false));
      HttpRequest request = Request("PUT", url + query, std::string(bytes.substr(offset, options_.part_bytes)));
      auto response = co_await Send(std::move(request));
      if (!response) co_return std::unexpected(response.error());
      const std::string* tag = response->Header("etag");
      if (response->status != 200 || tag == nullptr) co_return Refusal(*response, url);
      parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, QuotedTag(*tag));
    }
    HttpRequest request =
        Request("POST", url + "?uploadId=" + PercentEncoded(id, false), parts + "</CompleteMultipartUpload>");
    request.headers.push_back({"Content-Type", "application/xml"});
    auto response = co_await Send(std::move(request));
    if (!response) co_return std::unexpected(response.error());
    if (!IsDone(*response)) co_return Refusal(*response, url);
    co_return Status();
  }

  HttpRequest Request(std::string method, std::string url, std::string body = {}) const {
    HttpRequest request{.method = std::move(method), .url = std::move(url)};
    request.headers.push_back({"x-amz-content-sha256", Sha256(body)});
    request.body = std::move(body);
    const AwsSettings& settings = options_.settings;
    if (!settings.session_token.empty()) {
      request.secret_headers.push_back({"x-amz-security-token", "", settings.session_token});
    }
    request.sigv4 = SigV4{.region = settings.region.empty() ? "us-east-1" : settings.region,
                          .access_key_id = settings.access_key_id,
                          .secret_key = settings.secret_key};
    return request;
  }

  static void Describe(const BundleFile& file, const std::string& hash, HttpRequest& request) {
    request.headers.push_back({"Content-Type", std::string(ContentTypeOf(file.name))});
    request.headers.push_back({"Cache-Control", std::string(CacheControlOf(file.name))});
    request.headers.push_back({"x-amz-meta-xsweep-sha256", hash});
  }

  /// Asks again, later and later, while that can help.
  Async<Expected<HttpResponse>> Send(HttpRequest request) {
    auto wait = options_.first_wait;
    for (int tries = 1;; ++tries, wait *= 2) {
      HttpRequest copy = request;
      auto answer = co_await http_.Call(std::move(copy));
      const bool busy =
          answer ? answer->status >= 500 || answer->status == 429 || answer->status == 408
                 : answer.error().failure != HttpFailure::kRefused && answer.error().failure != HttpFailure::kStopped;
      if (answer && !(busy && tries < options_.tries)) co_return std::move(*answer);
      if (!answer && !(busy && tries < options_.tries)) co_return std::unexpected(answer.error().error);
      auto slept = co_await loop_.Sleep(wait);
      if (!slept) co_return std::unexpected(slept.error());
    }
  }

  std::string KeyOf(std::string_view name) const {
    return options_.prefix.empty() ? std::string(name) : options_.prefix + "/" + std::string(name);
  }

  IoLoop& loop_;
  Http http_;
  const S3Options& options_;
  const std::vector<BundleFile>& files_;
  const PublishProgress& progress_;
  std::size_t next_ = 0, end_ = 0, done_ = 0;
  std::optional<Error> failure_;
  PublishResult result_;
};

}  // namespace

Expected<PublishResult> PublishToS3(const fs::path& site, const S3Options& options, const PublishProgress& progress) {
  TRY_ASSIGN(const auto files, ListBundle(site));
  SystemClock clock;
  TRY_ASSIGN(const auto loop, IoLoop::Create(clock));
  S3Upload upload(*loop, options, files, progress);
  TRY_ASSIGN(PublishResult result, upload.Run());
  const std::string front =
      options.prefix.empty() ? std::string(kFrontPage) : options.prefix + "/" + std::string(kFrontPage);
  result.address = S3Url(options, front);
  return result;
}

}  // namespace xsweep
