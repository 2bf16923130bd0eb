# aura_embed(TARGET name FILE path SYMBOL aura::part::name): the file's bytes as a std::string_view in the target.
#
# A header declares it:  namespace aura::part { extern const std::string_view name; }
# The file is read at build time, so an edit of it rebuilds one small .cpp and nothing else. Text files only.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(READ "${AURA_EMBED_FILE}" content)
  set(mark "AURA_EMBED")
  string(FIND "${content}" ")${mark}\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${AURA_EMBED_FILE} holds )${mark}\", which would end the literal")
  endif()
  string(REGEX MATCH "^(.*)::([A-Za-z0-9_]+)$" unused "${AURA_EMBED_SYMBOL}")
  set(space "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  file(WRITE "${AURA_EMBED_OUT}"
"#include <string_view>

namespace ${space} {
extern const std::string_view ${name};
const std::string_view ${name} = std::string_view(R\"${mark}(${content})${mark}\");
}  // namespace ${space}
")
  return()
endif()

set(AURA_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(aura_embed)
  cmake_parse_arguments(E "" "TARGET;FILE;SYMBOL" "" ${ARGN})
  if(NOT E_TARGET OR NOT E_FILE OR NOT E_SYMBOL MATCHES "^.+::[A-Za-z0-9_]+$")
    message(FATAL_ERROR "aura_embed(TARGET name FILE path SYMBOL aura::part::name)")
  endif()
  get_filename_component(source ${E_FILE} ABSOLUTE)
  string(REPLACE "::" "_" stem ${E_SYMBOL})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed_${stem}.cpp)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DAURA_EMBED_FILE=${source} -DAURA_EMBED_OUT=${out} -DAURA_EMBED_SYMBOL=${E_SYMBOL}
            -P ${AURA_EMBED_SCRIPT}
    DEPENDS ${source} ${AURA_EMBED_SCRIPT}
    COMMENT "Embedding ${E_FILE}"
    VERBATIM)
  target_sources(${E_TARGET} PRIVATE ${out})
endfunction()
