# sst_embed(TARGET SYMBOL FILE): compiles the bytes of FILE into TARGET as
#   const unsigned char SYMBOL[]; const size_t SYMBOL_len;
# A NUL follows the bytes (not counted in SYMBOL_len). Declare both as extern
# where they are used. The C file is made again whenever FILE changes.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${IN}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(............................................................)" "\\1\n" bytes "${bytes}")
  get_filename_component(name "${IN}" NAME)
  file(WRITE "${OUT}" "/* Made from ${name} by internal/embed.cmake. */\n"
    "#include <stddef.h>\n"
    "extern const unsigned char ${SYMBOL}[];\n"
    "extern const size_t ${SYMBOL}_len;\n"
    "const unsigned char ${SYMBOL}[] = {\n${bytes}0x00};\n"
    "const size_t ${SYMBOL}_len = sizeof(${SYMBOL}) - 1;\n")
  return()
endif()

set(SST_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE} CACHE INTERNAL "")

function(sst_embed target symbol file)
  get_filename_component(in "${file}" ABSOLUTE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed/${symbol}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${in} -DOUT=${out} -DSYMBOL=${symbol}
      -P ${SST_EMBED_SCRIPT}
    DEPENDS ${in} ${SST_EMBED_SCRIPT}
    COMMENT "Embedding ${symbol}" VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
