# Real recordings, each test in a mount namespace of its own; skipped without root.
foreach(name run trace flight live crash user)
    add_test(NAME lttng_${name}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_${name}.sh ${CMAKE_BINARY_DIR}/bin)
    set_tests_properties(lttng_${name} PROPERTIES LABELS lttng SKIP_RETURN_CODE 77 TIMEOUT 120
        RUN_SERIAL TRUE)
endforeach()
