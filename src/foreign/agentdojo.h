// AgentDojo's logs: trees of one JSON file a case, in the variants that forks of it write.
//
// <logdir>/<pipeline>/<suite>/<user task>/<attack or none>/<injection task or none>.json holds suite_name,
// pipeline_name, user_task_id, injection_task_id, attack_type, injections, messages, error, utility, security,
// duration. `security: true` means that the ATTACK SUCCEEDED, and every file without an injection has it true.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "foreign/facts.h"

namespace xsweep {

/// Whether a JSON text looks like one of these logs; the beginning of it is enough.
bool LooksLikeAgentDojo(std::string_view head);

/// One log. Attacked, benign and injection-alone are told apart by its ids; an error text, and a verdict that is not
/// there, make it an error. `exposed` says whether the letters and digits of a payload stand in a result that the agent
/// saw; empty where the log keeps no payload. `arm.model` is the pipeline's name, `arm.defense` is left empty. Fails
/// with kUser for what is no such log. With `keep_dialogue` the messages become a transcript.
Expected<ForeignTrial> ReadAgentDojoLog(std::string_view text, const std::string& where, bool keep_dialogue);

}  // namespace xsweep
