#include "config/findings.h"

namespace signet::config {

void Findings::refuse(const std::string& path, std::string what, std::string remedy) {
  problems_.push_back(
      {place_of(conformed_.places, path), path, std::move(what), std::move(remedy)});
}

void Findings::warn(const std::string& path, std::string what, std::string remedy) {
  warnings_.push_back(
      {place_of(conformed_.places, path), path, std::move(what), std::move(remedy)});
}

}  // namespace signet::config
