# One line a test: whyprof_test(NAME LAYER...)
