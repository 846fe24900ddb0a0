# One line a test: whyprof_test(NAME LAYER...)
whyprof_test(test_base base)
whyprof_test(test_trace_file trace)
whyprof_test(test_dump_check trace)
