# Ours compile without a warning; headers of packages are system headers and stay silent.
add_library(aura_warnings INTERFACE)
target_compile_options(aura_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference
  $<$<BOOL:${AURA_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees dangling and null paths inside coroutine frames that do not exist.
  target_compile_options(aura_warnings INTERFACE -Wno-null-dereference -Wno-maybe-uninitialized -Wno-missing-field-initializers
    $<$<CONFIG:Release>:-Wno-restrict>)  # std::string + in optimised code (GCC bug 105651)
endif()
