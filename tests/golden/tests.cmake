# What the tracer prints and writes about the sample trace, against tests/golden.
whyprof_test(test_report report)
whyprof_test(test_export export)
