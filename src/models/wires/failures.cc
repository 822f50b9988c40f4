// Failures: what a model server says when it does not answer.
// SPDX-License-Identifier: Apache-2.0
#include "models/wires/failures.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "base/characters.h"
#include "base/escape.h"
#include "base/text.h"
#include "models/replies/lenient.h"

namespace xsweep {
namespace {

constexpr std::size_t kQuoted = 300;

std::string TextOf(const Json* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? value->AsString() : value->Dump();
}

/// Gateways fill in a form for the error that was none: {"code": 0, "message": "success"}, {"message": null, ...}.
bool IsNothing(const Json& value) {
  if (value.is_bool()) return !value.AsBool();
  if (value.is_int()) return value.AsInt() == 0;
  if (value.is_string()) {
    const std::string word = AsciiLower(value.AsString());
    return word.empty() || word == "0" || word == "success" || word == "ok" || word == "null";
  }
  if (value.is_object()) {
    return std::ranges::all_of(value.members(), [](const Json::Member& member) { return IsNothing(member.second); });
  }
  return value.is_null() || (value.is_array() && value.size() == 0);
}

ServerError ReadError(const Json& error) {
  ServerError read;
  if (!error.is_object()) {
    read.message = TextOf(&error);
    return read;
  }
  for (const std::string_view key : {"message", "msg", "detail", "error", "error_msg", "Message"}) {
    if (read.message.empty()) read.message = TextOf(error.Find(key));
  }
  for (const std::string_view key : {"type", "status", "__type", "name"}) {
    if (read.type.empty() && error.StringOr(key, "") != "error") read.type = error.StringOr(key, "");
  }
  read.code = TextOf(error.Find("code"));
  if (read.code.empty()) read.code = TextOf(error.Find("error_code"));
  for (const std::string_view key : {"innererror", "metadata", "details", "param", "reason"}) {
    if (const std::string more = TextOf(error.Find(key)); !more.empty()) read.more += " " + more;
  }
  read.failed_call = error.StringOr("failed_generation", "");
  return read;
}

ServerError OfText(std::string_view body) {
  ServerError error;
  error.message = body.substr(0, 2000);
  return error;
}

bool HasAny(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

struct Lowered {
  std::string names;  ///< type and code
  std::string all;    ///< and the words
};
Lowered Lower(const ServerError& error) {
  const std::string names = AsciiLower(error.type + " " + error.code);
  return {names, names + " " + AsciiLower(error.message) + " " + AsciiLower(error.more)};
}

bool NamesABlock(const Lowered& error) {
  return HasAny(error.names, {"content_filter",
                              "contentfilter",
                              "content_policy",
                              "contentpolicy",
                              "content_moderation",
                              "responsibleai",
                              "data_inspection",
                              "datainspection",
                              "prohibited_content",
                              "moderation",
                              "invalid_prompt",
                              "guardrail",
                              "sensitive_content",
                              "content_blocked",
                              "policy_violation",
                              "blocked_content",
                              "prompt_blocked",
                              "safety_violation",
                              "hooks_failed",
                              " 1301",
                              "base_resp 1026",  // the prompt, and below the answer
                              "base_resp 1027",
                              " 2016",
                              " 2017"});
}
bool SaysBlockedOutright(const Lowered& error) {
  return HasAny(error.all, {"responsibleaipolicyviolation", "contentpolicyviolation", "content_filter_result",
                            "content exists risk", "requires moderation", "flagged_input", "prompt was blocked",
                            "content was flagged", "input was flagged", "prompt was flagged",
                            "unsuitable input detected", "guardrail checks"});
}
/// That something was stopped, and what watches over it.
bool SaysWhatStoppedIt(const Lowered& error) {
  const bool stopped = HasAny(error.all, {"block", "flagged", "reject", "filtered", "filtering", "violat", "denied",
                                          "intervened", "prohibited", "may contain", "unable to respond", "refused"});
  return stopped && HasAny(error.all, {"guardrail",
                                       "content filter",
                                       "content polic",
                                       "usage polic",
                                       "usage guideline",
                                       "moderation",
                                       "safety system",
                                       "safety violation",
                                       "safety filter",
                                       "our safety",
                                       "for safety",
                                       "safety_check",
                                       "content safety",
                                       "jailbreak",
                                       "prompt injection",
                                       "model armor",
                                       "inappropriate content",
                                       "harmful content",
                                       "unsafe content",
                                       "sensitive content",
                                       "responsible ai",
                                       "content management policy",
                                       "high risk",
                                       "acceptable use",
                                       "security configuration",
                                       "legal reasons"});
}
/// Whoever asks is shut out, with a policy for the reason: that has nothing to do with this prompt.
bool IsAboutTheAccount(const Lowered& error) {
  return HasAny(error.all, {"account has been", "account is", "account was", "organization has been", "organization is",
                            "key has been", "access has been", "access was"});
}
bool SaysBlocked(const Lowered& error) {
  return NamesABlock(error) || SaysBlockedOutright(error) || (SaysWhatStoppedIt(error) && !IsAboutTheAccount(error));
}

/// The server could not read the call that its model wrote.
bool SaysBrokenCall(const Lowered& error) {
  return HasAny(error.names, {"tool_use_failed", "tool_call_failed", "malformed_function_call"}) ||
         HasAny(error.all,
                {"error parsing tool call", "failed to parse tool call", "failed to parse input at pos",
                 "invalid sequence as part of tooluse", "tool call validation failed", "invalid tool generation",
                 "malformed function call", "while parsing tool_calls", "harmonyerror", "invalid tool call"});
}

/// Gemini says what OpenAI says of an empty purse, and when to come back.
bool SaysQuotaIsGone(const Lowered& error) {
  return HasAny(error.all, {"insufficient_quota", "insufficient balance", "insufficient_balance", "billing_hard_limit",
                            "billing_not_active"}) ||
         (HasAny(error.all, {"exceeded your current quota, please check your plan"}) &&
          !HasAny(error.all, {"retry in", "retrydelay"}));
}
bool SaysRejected(const Lowered& error) {
  return HasAny(error.names, {"rate_limit", "ratelimit", "resource_exhausted", "throttl", "too_many_requests",
                              "toomanyrequests", "overloaded", "rate limit", "capacity"});
}
bool SaysTransient(const Lowered& error) {
  return HasAny(error.names, {"server_error", "internal", "api_error", "unavailable", "timeout", "deadline", "upstream",
                              "bad_gateway", "provider_error", "aborted"});
}
bool SaysTransientInWords(const Lowered& error) {
  return HasAny(error.all, {"overloaded", "rate limit", "too many requests", "try again", "timed out", "timeout",
                            "unavailable", "unexpectedly stopped", "connection reset", "bad gateway"});
}
/// A model that is being fetched, loaded or woken.
bool SaysNotReady(const Lowered& error) {
  return HasAny(error.all, {"is loading", "currently loading", "loading model", "not ready", "notready", "warming up",
                            "starting up", "try your request again"});
}
bool SaysFinal(const Lowered& error) {
  return HasAny(error.names, {"invalid_request", "authentication", "permission", "not_found", "unsupported",
                              "invalid_api_key", "invalid_argument", "context_length", "model_not", "billing"});
}

AttemptOutcome OutcomeOfStatus(int status) {
  if (status == 429 || status == 529) return AttemptOutcome::kRejected;  // 529: Anthropic, overloaded
  if (status == 498) return AttemptOutcome::kRejected;                   // Groq: no capacity
  // 424: what the server itself asked has failed; 499: a proxy gave up waiting.
  const bool passing = status == 408 || status == 409 || status == 424 || status == 425 || status == 499;
  if (passing || status >= 500) return AttemptOutcome::kTransient;
  return AttemptOutcome::kFinal;
}

/// The status that an error names itself, as a number or as its text; 0 when it names none.
int StatedStatus(const ServerError& error) {
  for (const std::string* text : {&error.code, &error.type}) {
    const auto number = ParseUnsigned(*text);
    if (number && *number >= 400 && *number <= 599) return static_cast<int>(*number);
  }
  return 0;
}

AttemptOutcome OutcomeOf(int status, const std::optional<ServerError>& error, const Lowered& lowered) {
  if (error && SaysQuotaIsGone(lowered)) return AttemptOutcome::kFinal;
  if (status >= 300) {
    // A proxy's 400 may carry what the server behind it has said.
    if (OutcomeOfStatus(status) == AttemptOutcome::kFinal && status != 401 && status != 404 && error &&
        SaysRejected(lowered)) {
      return AttemptOutcome::kRejected;
    }
    if (OutcomeOfStatus(status) == AttemptOutcome::kFinal && status != 401 && error && SaysNotReady(lowered)) {
      return AttemptOutcome::kTransient;
    }
    if (OutcomeOfStatus(status) == AttemptOutcome::kTransient && error && HasAny(lowered.names, {"overloaded"})) {
      return AttemptOutcome::kRejected;
    }
    return OutcomeOfStatus(status);
  }
  if (!error) return AttemptOutcome::kTransient;
  if (const int stated = StatedStatus(*error); stated != 0) return OutcomeOfStatus(stated);
  if (SaysRejected(lowered)) return AttemptOutcome::kRejected;
  if (SaysTransient(lowered)) return AttemptOutcome::kTransient;
  if (SaysFinal(lowered) && !SaysTransientInWords(lowered)) return AttemptOutcome::kFinal;
  return AttemptOutcome::kTransient;
}

/// What to change when a server refuses something that we send; empty when it is about something else.
std::string_view Hint(const Lowered& error) {
  const std::string_view all = error.all;
  const bool refuses = HasAny(all, {"unsupported", "not support", "unknown", "unrecognized", "unexpected", "extra",
                                    "not permitted", "not allowed", "invalid", "unknown_parameter", "additional prop"});
  if (HasAny(all, {"max_completion_tokens"}) && HasAny(all, {"max_tokens"})) {
    return "; write `max_tokens_field: max_completion_tokens` beside `max_tokens`";
  }
  if (HasAny(all, {"max_tokens"}) && HasAny(all, {"required", "missing"})) return "; write `max_tokens`";
  if (refuses && HasAny(all, {"seed"})) return "; write `send_seed: false`";
  if (HasAny(all, {"content"}) && HasAny(all, {"null", "none", "must be a string", "nonetype", "valid string"})) {
    return "; write `null_content: false`, which sends \"\" beside calls";
  }
  if (refuses && HasAny(all, {"temperature"})) return "; leave `temperature` out";
  if (refuses && HasAny(all, {"top_p"})) return "; leave `top_p` out";
  if (HasAny(all, {"reasoning_content", "reasoning_details", "extra_content"}) && refuses) {
    return "; write `send_thought: false`, which sends no thought back";
  }
  if (HasAny(all, {"tool"}) && HasAny(all, {"enable-auto-tool-choice", "tool-call-parser", "does not support tools"})) {
    return "; start the server with a parser for tool calls, or pick a model that has tools";
  }
  if (HasAny(all, {"api-version", "api version"})) return "; put `?api-version=...` behind `base_url`";
  return {};
}

std::string_view Advice(int status, const Lowered& error) {
  if (const std::string_view hint = Hint(error); !hint.empty() && status != 401) return hint;
  switch (status) {
    case 401:
    case 403: return "; check the key in the environment variable that `api_key_env` names";
    case 404: return "; check `base_url` and `model`";
    case 407: return "; the proxy wants to know who asks";
    default: return "";
  }
}

std::string Words(int status, const std::optional<ServerError>& error, std::string_view body) {
  const std::string said =
      error && !error->message.empty() ? error->message : std::string(BareBody(body).substr(0, 2000));
  std::string names;
  if (error) {
    for (const std::string* name : {&error->type, &error->code}) {
      if (name->empty() || name->size() > 80) continue;
      names += (names.empty() ? "" : ", ") + *name;
    }
  }
  return fmt::format("the server answered {}{}{}: {}", status, status < 300 ? " with an error" : "",
                     names.empty() ? "" : fmt::format(" ({})", names), Quoted(said));
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string words = CleanText(text.substr(0, kQuoted * 2));
  if (words.size() > kQuoted) {
    words.resize(WholeCharacters(words, kQuoted).size());
    words += "...";
  }
  return words.find_first_not_of(' ') == std::string::npos ? "no message" : words;
}

std::optional<ServerError> FindServerError(const Json& body) {
  if (body.is_array() && body.size() > 0) return FindServerError(body.items().front());
  if (!body.is_object()) return std::nullopt;
  const Json* error = body.Find("error");
  if (error != nullptr && !IsNothing(*error)) {
    ServerError read = ReadError(*error);
    // Mistral and FastAPI put the words beside it.
    if (read.message.empty()) read.message = TextOf(body.Find("message"));
    if (read.type.empty() && body.StringOr("type", "") != "error") read.type = body.StringOr("type", "");
    if (read.code.empty()) read.code = TextOf(body.Find("code"));
    return read;
  }
  for (const std::string_view place : {"promptFeedback", "prompt_feedback"}) {  // Gemini's: the prompt, not the answer
    const Json* feedback = body.Find(place);
    const std::string_view reason = feedback == nullptr ? "" : feedback->StringOr("blockReason", "");
    if (reason.empty()) continue;
    ServerError blocked;
    blocked.message = reason;
    blocked.code = "prompt_blocked";
    return blocked;
  }
  const Json* status = body.Find("base_resp");  // MiniMax's, which stands in every answer
  const Json* code = status == nullptr ? nullptr : status->Find("status_code");
  if (code != nullptr && !IsNothing(*code))
    return ServerError{TextOf(status->Find("status_msg")), "base_resp", TextOf(code), {}, {}};
  const Json* errors = body.Find("errors");
  if (errors != nullptr && errors->is_array() && errors->size() > 0) return ReadError(errors->items().front());
  if (body.StringOr("object", "") == "error" || body.StringOr("type", "") == "error") return ReadError(body);
  const bool answers =
      body.Find("choices") != nullptr || body.Find("content") != nullptr || body.Find("output") != nullptr;
  for (const std::string_view key : {"detail", "message", "error_msg", "Message"}) {
    const Json* words = body.Find(key);
    if (!answers && words != nullptr && !IsNothing(*words)) return ReadError(body);
  }
  return std::nullopt;
}

Failure SortFailure(int status, const std::optional<ServerError>& error, std::string_view body) {
  Failure failure;
  const Lowered lowered = Lower(error ? *error : OfText(body));
  failure.outcome = OutcomeOf(status, error, lowered);
  failure.words = Words(status, error, body);
  const int stated = status < 300 && error ? StatedStatus(*error) : status;
  const bool about_the_request = stated < 500 && stated != 401 && stated != 404 && stated != 429;
  if (error && (SaysBrokenCall(lowered) || (!error->failed_call.empty() && about_the_request))) {
    failure.kind = FailureKind::kBrokenCall;
    failure.failed_call = error->failed_call;
  } else if (error && about_the_request && SaysBlocked(lowered)) {
    failure.kind = FailureKind::kBlocked;
  } else {
    failure.words += Advice(status, lowered);
  }
  return failure;
}

}  // namespace xsweep
