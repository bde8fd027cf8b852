# Libraries of the system that bring no CMake package, or one that does not work.

# The target TARGET for the library NAME, found by a header; PACKAGE is where Debian has it.
function(vecmill_system_library target name header package)
  find_library(${target}_LIBRARY ${name})
  find_path(${target}_INCLUDE_DIR ${header})
  if(NOT ${target}_LIBRARY OR NOT ${target}_INCLUDE_DIR)
    message(FATAL_ERROR "No lib${name} with ${header}: install ${package}, or run tools/setup.")
  endif()
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIR})
  target_link_libraries(${target} INTERFACE ${${target}_LIBRARY})
endfunction()
