// LinePeer: another program that says lines whenever it likes, and is told lines by whoever likes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/system/spawn.h"

namespace xsweep {

struct PeerSettings {
  std::vector<std::string> command{};
  std::string directory{};          ///< where it starts; empty: here
  bool inherit_environment = true;  ///< otherwise what a program needs to start at all (PATH, HOME, LANG ...)
  std::vector<std::pair<std::string, std::string>> environment{};  ///< beside that
  std::size_t longest_line = std::size_t{64} << 20U;
};

/// Started without a shell in a process group of its own. A thread reads and writes for it, so that any number of
/// trials on any number of loops can share it. When the object goes, its stdin is closed, and 300 ms later the group
/// is killed.
class LinePeer {
 public:
  /// Called on the peer's own thread, so they must be quick and lock what they touch. `on_line` says whether to go on;
  /// `on_end` is called once, when the peer is gone for any reason, with that reason (kWorld) and its last words.
  using OnLine = std::function<bool(std::string_view line)>;
  using OnEnd = std::function<void(const Error& why)>;

  static Expected<std::unique_ptr<LinePeer>> Start(const PeerSettings& settings, OnLine on_line, OnEnd on_end);
  LinePeer(const LinePeer&) = delete;
  LinePeer& operator=(const LinePeer&) = delete;
  ~LinePeer();

  /// Queues a line (without its end); it is written when the peer reads. From any thread. Nothing once it is gone.
  void Send(std::string_view line);
  bool alive() const { return alive_.load(std::memory_order_relaxed); }
  /// Ends it now; `on_end` gets `why`. From any thread.
  void Stop(std::string why);

 private:
  struct Ends {
    Descriptor socket;
    Descriptor errors;  ///< a file in memory that holds its stderr
    Descriptor wake;    ///< an eventfd
  };
  LinePeer(const PeerSettings& settings, Ends ends, Child child, OnLine on_line, OnEnd on_end);
  void Work();
  bool Write();
  bool Read(std::string& unread);
  void End(std::string why);
  std::string LastWords() const;
  void Wake() const;

  const std::string name_;
  const std::size_t longest_line_;
  const Ends ends_;
  Child child_;
  const OnLine on_line_;
  const OnEnd on_end_;
  std::atomic<bool> alive_ = true;
  std::mutex mutex_;
  std::string to_write_;
  std::string stop_why_;
  bool stop_ = false;
  std::string writing_;  // of the thread
  std::thread thread_;
};

}  // namespace xsweep
