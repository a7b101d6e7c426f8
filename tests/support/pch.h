#pragma once
// The headers that every test source includes anyway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/printed.h"
SIGNET_PRINTED(extern)
