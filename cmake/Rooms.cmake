# A room is a folder of src/: x.cc files make the library vecmill_ROOM, x_test.cc files the test
# ROOM_test, x_bench.cc files the benchmark ROOM_bench. Files are found, not listed.

add_library(vecmill_flags INTERFACE)
target_compile_options(vecmill_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wnon-virtual-dtor
  -Wno-missing-field-initializers  # options are given by name, the rest keep their defaults
  # GCC 12 sees overlapping copies in std::string that are not there (its bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  -fstack-protector-strong $<$<BOOL:${VECMILL_WERROR}>:-Werror>)
target_compile_definitions(vecmill_flags INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

# vecmill_room(NAME [ROOMS room...] [PRIVATE_LIBS lib...] [PUBLIC_LIBS lib...])
function(vecmill_room name)
  cmake_parse_arguments(arg "" "" "ROOMS;PRIVATE_LIBS;PUBLIC_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")

  add_library(vecmill_${name} STATIC ${sources})
  target_include_directories(vecmill_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM arg_ROOMS PREPEND vecmill_)
  target_link_libraries(vecmill_${name}
    PUBLIC ${arg_ROOMS} ${arg_PUBLIC_LIBS} PRIVATE vecmill_flags ${arg_PRIVATE_LIBS})

  if(VECMILL_BUILD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test
      PRIVATE vecmill_${name} vecmill_flags ${arg_PRIVATE_LIBS} GTest::gtest_main)
    target_compile_definitions(${name}_test
      PRIVATE VECMILL_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
    add_test(NAME ${name}_test COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name}_test PROPERTIES LABELS unit)
  endif()
  if(VECMILL_BUILD_BENCH AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench
      PRIVATE vecmill_${name} vecmill_flags ${arg_PRIVATE_LIBS} benchmark::benchmark_main DNNL::dnnl)
  endif()
endfunction()
