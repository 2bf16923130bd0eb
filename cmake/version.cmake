# The one place that says which version this tree is.
set(AURA_VERSION 0.1.0)
