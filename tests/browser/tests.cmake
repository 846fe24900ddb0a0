# What exports write, loaded by the programs that are to read it. Not in the default run:
#     make test-browser, or ctest -C browser -R browser (SPEEDSCOPE=folder of the npm package)
add_test(NAME browser_exports CONFIGURATIONS browser
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh $<TARGET_FILE:whyprof> $<TARGET_FILE:make_trace>
        ${CMAKE_BINARY_DIR}/npm/node_modules/speedscope)
set_tests_properties(browser_exports PROPERTIES LABELS browser SKIP_RETURN_CODE 77 TIMEOUT 300 RUN_SERIAL TRUE)
