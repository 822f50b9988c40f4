// A request with one tool, as tests of wires and replies send it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "episode/model.h"

namespace xsweep {

inline std::vector<ToolSchema> Tools() {
  return {{"send_certificate", "Sends.",
           *Json::Parse(R"({"type":"object","properties":{"user_id":{"type":"string"},"amount":{"type":"number"}}})")}};
}
inline ModelRequest Request() {
  ModelRequest request;
  request.tools = Tools();
  Message message;
  message.text = "hello";
  request.messages.push_back(message);
  return request;
}

}  // namespace xsweep
