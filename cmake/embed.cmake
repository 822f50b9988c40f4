# Turns files into symbols of the library: every file under data/, and web/dist/ when it was built.
# Writes embedded.S (.incbin, which costs no compile time) and a table that base/embedded.h reads.
# SPDX-License-Identifier: Apache-2.0
file(GLOB_RECURSE embedded_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} data/* web/dist/*)
list(SORT embedded_files)
set(assembly ".section .rodata\n")
set(table "#include \"base/embedded.h\"\n\nextern \"C\" {\n")
set(rows "")
set(index 0)
foreach(file ${embedded_files})
  string(APPEND assembly ".global xsweep_file_${index}\n.global xsweep_file_${index}_end\n.balign 16\n"
         "xsweep_file_${index}:\n.incbin \"${CMAKE_SOURCE_DIR}/${file}\"\nxsweep_file_${index}_end:\n.byte 0\n")
  string(APPEND table "extern const char xsweep_file_${index}[];\nextern const char xsweep_file_${index}_end[];\n")
  string(APPEND rows "    {\"${file}\", {xsweep_file_${index}, static_cast<std::size_t>(xsweep_file_${index}_end - xsweep_file_${index})}},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND assembly ".section .note.GNU-stack,\"\",@progbits\n")
string(APPEND table "}\n\nnamespace xsweep {\n\nstd::span<const EmbeddedFile> EmbeddedFiles() {\n"
       "  static const EmbeddedFile files[] = {\n${rows}    {{}, {}}};\n  return {files, ${index}};\n}\n\n}  // namespace xsweep\n")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embedded.S CONTENT "${assembly}" @ONLY)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embedded.cc CONTENT "${table}" @ONLY)
set(XSWEEP_EMBEDDED ${CMAKE_BINARY_DIR}/embedded.S ${CMAKE_BINARY_DIR}/embedded.cc)
list(TRANSFORM embedded_files PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE embedded_paths)
set_source_files_properties(${CMAKE_BINARY_DIR}/embedded.S PROPERTIES OBJECT_DEPENDS "${embedded_paths}")
