#pragma once

namespace CLI {
class App;
}

namespace signet::cli {

class Context;

void add_realm(CLI::App& noun, Context& context);
void add_client(CLI::App& noun, Context& context);
void add_resource_server(CLI::App& noun, Context& context);
void add_inject_policy(CLI::App& noun, Context& context);
void add_secrets(CLI::App& noun, Context& context);
void add_keys(CLI::App& noun, Context& context);
void add_stores(CLI::App& noun, Context& context);
void add_keystore(CLI::App& noun, Context& context);
void add_audit(CLI::App& noun, Context& context);
void add_apply(CLI::App& command, Context& context);
void add_export(CLI::App& command, Context& context);
void add_seal(CLI::App& noun, Context& context);
void add_encode(CLI::App& command, Context& context);
void add_token(CLI::App& noun, Context& context);
void add_jose(CLI::App& noun, Context& context);
void add_doctor(CLI::App& command, Context& context);
void add_config(CLI::App& noun, Context& context);
void add_completion(CLI::App& noun, Context& context);
void add_man(CLI::App& command, Context& context);
void add_version(CLI::App& command, Context& context);

/// What `signet version` and `signet --version` print.
void print_version(const Context& context);

}  // namespace signet::cli
