"""The rows of the benchmark table: each module measures some of them on the real programs and a real Docker."""
