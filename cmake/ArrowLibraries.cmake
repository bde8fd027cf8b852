# The target vecmill_arrow: Arrow C++ and Parquet, from the system where CMake finds them, else from
# the pyarrow wheel of the project's virtual environment (tools/setup puts it there).

find_package(Arrow QUIET)
find_package(Parquet QUIET)
add_library(vecmill_arrow INTERFACE)
if(Arrow_FOUND AND Parquet_FOUND)
  target_link_libraries(vecmill_arrow INTERFACE Arrow::arrow_shared Parquet::parquet_shared)
  target_compile_definitions(vecmill_arrow INTERFACE VECMILL_ARROW_S3_LIBRARY="")
  message(STATUS "Arrow: ${Arrow_VERSION} of the system")
  return()
endif()

set(VECMILL_PYTHON ${PROJECT_SOURCE_DIR}/.venv/bin/python CACHE FILEPATH "Python that has pyarrow")
execute_process(
  COMMAND ${VECMILL_PYTHON} -c
    "import pyarrow; pyarrow.create_library_symlinks(); print(pyarrow.get_include(), pyarrow.get_library_dirs()[0], pyarrow.__version__, sep=';')"
  OUTPUT_VARIABLE wheel OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "No Arrow C++: neither CMake packages Arrow and Parquet, nor pyarrow in ${VECMILL_PYTHON}. "
    "Run tools/setup, or pass -DVECMILL_WITH_ARROW=OFF to build without tables.")
endif()
list(GET wheel 0 include_dir)
list(GET wheel 1 library_dir)
list(GET wheel 2 version)
target_include_directories(vecmill_arrow SYSTEM INTERFACE ${include_dir})
target_link_libraries(vecmill_arrow INTERFACE ${library_dir}/libarrow.so ${library_dir}/libparquet.so)
target_link_options(vecmill_arrow INTERFACE -Wl,-rpath,${library_dir})
# Arrow 26 keeps S3 in a library of its own, which the room table loads when it meets an s3:// URI.
file(GLOB s3_library RELATIVE ${library_dir} ${library_dir}/libarrow_s3.so.*)
target_compile_definitions(vecmill_arrow INTERFACE VECMILL_ARROW_S3_LIBRARY="${s3_library}")
message(STATUS "Arrow: ${version} of the pyarrow wheel in ${library_dir}")
