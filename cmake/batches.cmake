# compile_in_batches(TARGET SIZE): the TARGET's sources of one folder are compiled SIZE at a time: what templates become is
# made and optimized once for all of them, which takes a third off a whole build. They keep to names that their
# neighbours do not have; the compiler says which. By folder, so that a new file changes the batches of its folder only.
# SPDX-License-Identifier: Apache-2.0
function(compile_in_batches target size)
  if(size LESS 2)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Coroutines keep what stands in an anonymous namespace; gcc minds that in any file but the one it was told to compile.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  foreach(source ${sources})
    get_filename_component(folder ${source} DIRECTORY)
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${folder})
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    if(NOT DEFINED count_${folder})
      set(count_${folder} 0)
    endif()
    math(EXPR batch "${count_${folder}} / ${size}")
    math(EXPR count_${folder} "${count_${folder}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${batch})
  endforeach()
endfunction()
