"""Independent runtimes that tests and benchmarks compare with."""
