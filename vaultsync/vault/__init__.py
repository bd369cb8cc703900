"""Read and write notes of a vault as text; knows no money."""
