# The one place that says which version this tree is; a package says its own, which may have a suffix such as ~rc1.
set(AURA_VERSION 0.1.0 CACHE STRING "What the programs say they are")
string(REGEX MATCH "^[0-9.]+" AURA_VERSION_NUMBER "${AURA_VERSION}")
