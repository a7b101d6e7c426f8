# Our own sources compile without a warning; other people's headers are system headers.
add_library(signet_warnings INTERFACE)
target_compile_options(signet_warnings INTERFACE
  -Wall -Wextra -Werror -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wformat=2 -Wundef -Wcast-align)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(signet_warnings INTERFACE -Wshadow=local)
  # g++ 12 reports these inside libstdc++ and variant-based results when optimising; they are false.
  target_compile_options(signet_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict
                         -Wno-stringop-overflow -Wno-dangling-pointer -Wno-mismatched-new-delete)
endif()
# Of a type in a source's anonymous namespace, which a unity build includes.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(signet_warnings INTERFACE -Wno-subobject-linkage)
endif()
# Instrumented code misleads the optimiser's warnings; dev and release stay strict.
if(SIGNET_SANITIZE)
  target_compile_options(signet_warnings INTERFACE -Wno-error)
endif()
