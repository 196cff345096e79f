"""How fast notebooks run: ``make bench`` measures and prints the tables of docs/benchmarks.md."""
