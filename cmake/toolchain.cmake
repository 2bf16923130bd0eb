# Speed of the build: a compiler cache and a fast linker where the machine has them.
find_program(AURA_CCACHE ccache)
if(AURA_CCACHE AND AURA_PACKAGE)
  # A package's debug information holds paths: what was compiled elsewhere is another file.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${AURA_CCACHE})
elseif(AURA_CCACHE)
  # Paths relative to the source tree, so that two checkouts share what they compile.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${AURA_CCACHE})
endif()
# mold 1.10 packs relocations in a way that glibc refuses, so a package is linked by the usual linker.
find_program(AURA_MOLD mold)
if(AURA_MOLD AND NOT AURA_PACKAGE)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)

if(AURA_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
