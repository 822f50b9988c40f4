// Routes: what a browser may ask for, and nothing else: the page, its data, and the files of a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "page/page_data.h"

namespace xsweep {

struct PageAnswer {
  WebResponse response;
  /// When set, the answer is a stream: called once a second, its text is sent (empty: nothing has happened).
  std::function<std::string()> events = {};
};

/// Answers over one results directory; nothing outside of it is ever opened. Thread-safe. Keeps the list of runs and
/// the eight run overviews and four row tables that were asked for last, and reads them again when their files change.
///
///   /, /assets/*              the page
///   /data/*                   as present/page_data.h lists it
///   /data/events              server-sent events: `changed` with the paths of runs that moved on
///   /files/<exp>/<run>/<name> a file of a run directory, as a download
class Routes {
 public:
  explicit Routes(const std::filesystem::path& results);
  PageAnswer Answer(const std::string& path);

 private:
  PageAnswer AnswerTo(const std::string& path);
  struct Overview {
    std::string signature;
    std::shared_ptr<const std::string> json;
  };
  using Signatures = std::map<std::string, std::string>;  ///< run -> signature, and "" for the index
  struct List {
    std::shared_ptr<const Signatures> seen;
    std::string index;
    std::shared_ptr<const std::string> json;
  };
  struct Table {
    std::string signature;
    std::shared_ptr<const PageRows> rows;
  };
  PageAnswer Data(const std::vector<std::string>& parts);
  WebResponse RunPart(const std::filesystem::path& run, const std::vector<std::string>& parts);
  WebResponse File(const std::vector<std::string>& parts);
  PageAnswer Events();
  Expected<std::filesystem::path> RunAt(const std::string& exp, const std::string& run) const;
  Expected<std::shared_ptr<const std::string>> OverviewOf(const std::filesystem::path& run);
  Expected<std::shared_ptr<const PageRows>> RowsOf(const std::filesystem::path& run);
  Expected<std::shared_ptr<const std::string>> RunList();
  /// Looks at the files of all runs, not more often than about once a second.
  std::shared_ptr<const Signatures> Watch();

  std::filesystem::path results_;
  std::mutex list_mutex_, overviews_mutex_, tables_mutex_, watch_mutex_;
  List list_;
  std::list<std::pair<std::string, Overview>> overviews_;  ///< the one asked for last comes first
  std::list<std::pair<std::string, Table>> tables_;
  std::shared_ptr<const Signatures> watched_;
  std::chrono::steady_clock::time_point watch_again_;
};

}  // namespace xsweep
