#pragma once
// Which signature algorithms a step takes away, because the key that would sign then cannot do
// them, and who asks for them.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "admin/handlers.h"
#include "admin/key_impact.h"

namespace signet::admin {

struct AlgorithmsTaken {
  /// What the active key of the ID does and the one in its place does not; empty: nothing is taken.
  std::vector<jose::JwsAlg> algorithms;
  std::string signer;  ///< the key in its place, in words; empty: none is left
  KeyImpact askers;    ///< askers_of() these algorithms
};

/// What a step takes away, which changes the list of its store as `method` does. Nothing where
/// somebody else than this list decides who signs, and where there is no such store or alias: that
/// is the keeper's to refuse.
Task<AlgorithmsTaken> taken_by_step(const AdminServices& services,
                                    secrets::Keeper::StepRequest step, StepCall method);
/// The same of a whole list of aliases; `step.alias` is not looked at.
Task<AlgorithmsTaken> taken_by_list(const AdminServices& services,
                                    secrets::Keeper::StepRequest step, std::vector<Alias> aliases);

/// kConflict "algorithm_in_use" where somebody asks for what is taken, or somebody may whom
/// askers_of() did not read.
Status refuse_taken(const AlgorithmsTaken& taken);

/// The two together, before something is done: a step, a list that is set, the last change of a
/// list that is taken back. What the keeper would refuse is told first. Nothing where it is forced.
Task<Done> check_algorithms(const AdminServices& services, secrets::Keeper::StepRequest step,
                            StepCall method);
Task<Done> check_algorithms(const AdminServices& services, secrets::Keeper::StepRequest step,
                            StepCall method, AlgorithmsTaken taken);
Task<Done> check_algorithms(const AdminServices& services, secrets::Keeper::StepRequest step,
                            secrets::Mapping mapping);
Task<Done> check_algorithms_of_undo(const AdminServices& services,
                                    secrets::Keeper::StepRequest step);

/// {"algorithms_taken": [...], "algorithm_askers": as add_impact() writes it}
void add_taken(json::Object& out, const AlgorithmsTaken& taken);

/// What the active keys can do now, by realm (empty: the global ones) and ID.
using Abilities = std::map<std::pair<RealmName, secrets::SecretId>, std::vector<jose::JwsAlg>>;
Abilities abilities_now(const secrets::Keeper& keeper);
/// A line for each of the rings whose new active key does less than `before` said, if somebody asks
/// for the rest. For what cannot be refused; so an error of the storage is a line too.
Task<std::vector<std::string>> warn_of_taken(
    const AdminServices& services, Abilities before,
    std::vector<std::pair<RealmName, secrets::SecretId>> rings);

}  // namespace signet::admin
