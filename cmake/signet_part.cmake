# signet_part(NAME [WET] [USES part...] [LINKS library...] [HEAVY header...]) declares one room of the house.
#
# src/NAME/*.cc becomes the library signet_NAME; src/NAME/*_test.cc the test program NAME_test
# (slashes become underscores). WET rooms share a precompiled header of Asio's coroutines; HEAVY
# headers are precompiled for the room alone. A part may use only parts that are declared above its own line in
# src/CMakeLists.txt, so a cycle cannot be written down; tools/check_layers.py checks the includes.

set_property(GLOBAL PROPERTY SIGNET_PARTS "")

function(signet_part name)
  cmake_parse_arguments(ARG "WET" "" "USES;LINKS;SUBFOLDERS;HEAVY" ${ARGN})
  get_property(known GLOBAL PROPERTY SIGNET_PARTS)
  foreach(used IN LISTS ARG_USES)
    if(NOT used IN_LIST known)
      message(FATAL_ERROR "src/${name} may not use '${used}': it is not below it in the map")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY SIGNET_PARTS ${name})

  string(REPLACE "/" "_" flat ${name})
  set(patterns ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  foreach(folder IN LISTS ARG_SUBFOLDERS)
    list(APPEND patterns ${CMAKE_CURRENT_SOURCE_DIR}/${name}/${folder}/*.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")

  set(libraries ${ARG_LINKS})
  foreach(used IN LISTS ARG_USES)
    string(REPLACE "/" "_" used_flat ${used})
    list(APPEND libraries signet_${used_flat})
  endforeach()

  if(sources)
    add_library(signet_${flat} STATIC ${sources})
    target_link_libraries(signet_${flat} PUBLIC ${libraries} PRIVATE signet_warnings)
    target_include_directories(signet_${flat} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    if(ARG_HEAVY)
      target_precompile_headers(signet_${flat} PRIVATE ${ARG_HEAVY})
    elseif(ARG_WET)
      target_precompile_headers(signet_${flat} REUSE_FROM signet_wet)
    endif()
  else()
    add_library(signet_${flat} INTERFACE)
    target_link_libraries(signet_${flat} INTERFACE ${libraries})
    target_include_directories(signet_${flat} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
  endif()

  if(tests AND SIGNET_TESTS)
    add_executable(${flat}_test ${tests})
    target_link_libraries(${flat}_test PRIVATE signet_${flat} signet_test_support signet_warnings)
    if(ARG_WET)
      target_precompile_headers(${flat}_test REUSE_FROM signet_wet_test)
    else()
      target_precompile_headers(${flat}_test REUSE_FROM signet_test_support)
    endif()
    signet_discover(${flat}_test)
  endif()
endfunction()

# One ctest entry per program: GoogleTest prints the sentences, tools/count_tests.py adds them up.
function(signet_discover target)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} TIMEOUT 900)
  if(SIGNET_SANITIZE MATCHES "thread")
    set_tests_properties(${target} PROPERTIES ENVIRONMENT
                         "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")
  endif()
endfunction()
