// Every command: one file, one row.

#include "cli/command.h"
#include "cli/commands/commands.h"

namespace signet::cli {

const std::vector<CommandRow>& command_catalog() {
  static const std::vector<CommandRow> rows = {
      {"realm", "Realms: list, show, create, update, delete.", add_realm},
      {"client", "Clients of a realm: list, show, create, update, delete.", add_client},
      {"resource-server", "Resource servers: list, show, put, delete, default, preview, test.",
       add_resource_server},
      {"inject-policy", "Which tokens gateways inject: list, show, put, delete.",
       add_inject_policy},
      {"secrets", "Key rings: list, mappings, map, undo, publish, activate, retire, rotate.",
       add_secrets},
      {"keys", "The life of keys: plan, apply, usage, compromise, instances.", add_keys},
      {"stores", "Secret stores: list.", add_stores},
      {"keystore", "Keystore files: init.", add_keystore},
      {"audit", "The audit journal: list, verify.", add_audit},
      {"apply", "Makes realms, what belongs to them, and mappings what files say they are.",
       add_apply},
      {"export", "Prints realms, what belongs to them, and mappings in the form that apply takes.",
       add_export},
      {"seal", "What the server keeps sealed, and under which of its keys: status, renew.",
       add_seal},
      {"encode", "Seals a value from standard input for a file or a variable.", add_encode},
      {"token", "Access tokens: decode, verify.", add_token},
      {"jose", "JOSE filters from standard input to standard output.", add_jose},
      {"doctor", "Looks for what is wrong with an installation.", add_doctor},
      {"config", "The configuration: check, show.", add_config},
      {"completion", "Prints the completion script of a shell.", add_completion},
      {"man", "Prints the manual page, in roff.", add_man},
      {"version", "Prints the version.", add_version},
  };
  return rows;
}

}  // namespace signet::cli
