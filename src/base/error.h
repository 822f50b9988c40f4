// The one error system: Error, Expected<T>, the TRY macros and CHECK.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace xsweep {

/// Who is at fault decides what happens next; see "Errors" in CONTRIBUTING.md.
enum class ErrorKind : std::uint8_t {
  kUser,         ///< a mistake in the config, the flags or a file that was handed in: exit 2
  kWorld,        ///< disk, network, another program: exit 4, `where` names the path or command
  kEpisode,      ///< one episode failed; becomes a row with outcome `error`, never an exit
  kBudget,       ///< a limit of the run was reached: trials become `skipped`, exit 5
  kInterrupted,  ///< a person asked to stop: exit 130
  kInternal,     ///< a promise of ours is broken (what was run is not what was planned): exit 4
};

/// What went wrong, where (file:line:column, a path, a URL, a flag; may be empty) and what to do about it.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  std::string where;

  /// "where: message", or the message alone.
  std::string Text() const { return where.empty() ? message : where + ": " + message; }
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Expected = std::expected<T, Error>;
using Status = Expected<void>;

/// Errors of each kind; out of line, because they are built at thousands of places and never on a path that must be
/// fast.
std::unexpected<Error> UserError(std::string_view message, std::string_view where = {});
std::unexpected<Error> WorldError(std::string_view message, std::string_view where = {});
std::unexpected<Error> EpisodeError(std::string_view message, std::string_view where = {});
std::unexpected<Error> InternalError(std::string_view message, std::string_view where = {});

/// Prints `file:line: message` and aborts. Only CHECK calls it.
[[noreturn]] void CheckFailed(std::string_view condition, std::string_view message, const char* file, int line);

}  // namespace xsweep

/// A bug of ours; active in release builds. Never for what a user, the world or a model can cause.
#define CHECK(condition, message)                                     \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::xsweep::CheckFailed(#condition, message, __FILE__, __LINE__); \
  } while (false)

#define XSWEEP_CONCAT_(a, b) a##b
#define XSWEEP_CONCAT(a, b) XSWEEP_CONCAT_(a, b)
#define XSWEEP_TRY_(keyword, expression)                      \
  do {                                                        \
    auto try_result = (expression);                           \
    if (!try_result) [[unlikely]]                             \
      keyword std::unexpected(std::move(try_result).error()); \
  } while (false)
// A declaration and a keyword cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define XSWEEP_TRY_ASSIGN_(keyword, result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result) [[unlikely]]                                          \
    keyword std::unexpected(std::move(result).error());              \
  declaration = std::move(*result)
// NOLINTEND(bugprone-macro-parentheses)

/// `TRY(Write(x));` returns the error of an Expected from the enclosing function.
#define TRY(expression) XSWEEP_TRY_(return, expression)
/// `TRY_ASSIGN(const auto text, ReadFile(path));` declares `text`, or returns the error. A declaration, so not the
/// whole body of an `if`.
#define TRY_ASSIGN(declaration, expression) \
  XSWEEP_TRY_ASSIGN_(return, XSWEEP_CONCAT(try_result_, __LINE__), declaration, expression)
/// The same in a coroutine. `expression` may be `co_await Something(...)`.
#define CO_TRY(expression) XSWEEP_TRY_(co_return, expression)
#define CO_TRY_ASSIGN(declaration, expression) \
  XSWEEP_TRY_ASSIGN_(co_return, XSWEEP_CONCAT(try_result_, __LINE__), declaration, expression)
