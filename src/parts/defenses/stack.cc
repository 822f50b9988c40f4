// stack: several defenses in order; each sees what the one before it let through.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "episode/kept_results.h"
#include "parts/defenses/defenses.h"

namespace xsweep {
namespace {

class Stack : public Defense, public LeavesResults {
 public:
  explicit Stack(std::vector<std::unique_ptr<Defense>> parts) : parts_(std::move(parts)) {}

  std::string SystemPrompt() const override {
    std::string all;
    for (const auto& part : parts_) {
      const std::string prompt = part->SystemPrompt();
      if (!prompt.empty()) all += all.empty() ? prompt : "\n\n" + prompt;
    }
    return all;
  }
  bool reviews_tools() const override {
    return std::ranges::any_of(parts_, [](const auto& part) { return part->reviews_tools(); });
  }
  Async<Expected<Decisions>> ReviewTool(const ToolSchema& tool) override {
    return InOrder(tool.description, [tool](Defense& part, const std::string& text) {
      ToolSchema seen = tool;
      seen.description = text;
      return part.reviews_tools() ? part.ReviewTool(seen) : Async<Expected<Decisions>>(Expected<Decisions>());
    });
  }
  Async<Expected<Decisions>> ReviewUserTurn(const std::string& text, const Conversation& conversation) override {
    return InOrder(text, [&conversation](Defense& part, const std::string& seen) {
      return part.ReviewUserTurn(seen, conversation);
    });
  }
  Async<Expected<Decisions>> BeforeCall(const ToolCall& call, const Conversation& conversation) override {
    return InOrder({}, [&call, &conversation](Defense& part, const std::string& /*seen*/) {
      return part.BeforeCall(call, conversation);
    });
  }
  Async<Expected<Decisions>> AfterCall(const ToolCall& call, const std::string& content,
                                       const Conversation& conversation) override {
    return InOrder(content, [&call, &conversation](Defense& part, const std::string& seen) {
      return part.AfterCall(call, seen, conversation);
    });
  }
  bool leaves_results() const override {
    return std::ranges::all_of(parts_, [](const auto& part) {
      const auto* leaves = dynamic_cast<const LeavesResults*>(part.get());
      return leaves != nullptr && leaves->leaves_results();
    });
  }
  Usage usage() const override {
    Usage sum;
    for (const auto& part : parts_) sum += part->usage();
    return sum;
  }

 private:
  using Question = std::function<Async<Expected<Decisions>>(Defense& part, const std::string& seen)>;

  // `seen` lives in the frame for as long as a suspended part may read it. The first denial ends the asking.
  Async<Expected<Decisions>> InOrder(std::string seen, Question ask) {
    Decisions all;
    for (const auto& part : parts_) {
      Async<Expected<Decisions>> asked = ask(*part, seen);
      CO_TRY_ASSIGN(Decisions decisions, co_await asked);
      bool denied = false;
      for (Decision& decision : decisions) {
        if (decision.ruling == Ruling::kModify) seen = decision.text;
        denied = denied || decision.ruling == Ruling::kDeny;
        all.push_back(std::move(decision));
      }
      if (denied) break;
    }
    co_return all;
  }

  std::vector<std::unique_ptr<Defense>> parts_;
};

struct StackSettings {
  std::vector<NamedPart> defenses;
};

const Options<StackSettings> kStackOptions = {
    Opt("defenses", &StackSettings::defenses, "The defenses, outermost first.", {.minimum = 1, .required = true})};

Expected<PartFactory<Defense>> PrepareStack(const StackSettings& settings) {
  std::vector<PartFactory<Defense>> factories;
  for (const NamedPart& part : settings.defenses) {
    TRY_ASSIGN(auto factory, PreparePart(DefenseTable(), "defense", part.name, part.options));
    factories.push_back(std::move(factory));
  }
  return [factories](const TrialContext& context) {
    std::vector<std::unique_ptr<Defense>> parts;
    parts.reserve(factories.size());
    for (const auto& factory : factories) parts.push_back(factory(context));
    return std::make_unique<Stack>(std::move(parts));
  };
}

}  // namespace

DefenseEntry StackEntry() {
  return DefenseEntry::Of({.name = "stack",
                           .summary = "Several defenses in order; each sees what the one before it let through.",
                           .example = "defenses: [{ name: spotlight }, { name: refund_limit, threshold: 100 }]"},
                          kStackOptions, PrepareStack);
}

}  // namespace xsweep
