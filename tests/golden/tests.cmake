# What the tracer prints and writes about the sample trace, against tests/golden.
whyprof_test(test_report report)
whyprof_test(test_why report)
whyprof_test(test_export export)
add_test(NAME test_pprof_goldens COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/pprof.sh $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/data/pprof)
add_test(NAME test_pprof_pictures COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/pprof_pictures.sh $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/data/pprof)
add_test(NAME test_serve COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/serve.py $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/data/pprof ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/trace/small.out)
add_test(NAME test_serve_browser CONFIGURATIONS browser COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/serve.py $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/data/pprof ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/trace/small.out --browser)
set_tests_properties(test_serve_browser PROPERTIES LABELS browser)
add_test(NAME test_pprof_remote COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/pprof_remote.py $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/data/pprof)
add_test(NAME test_pprof_binary COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/pprof_binary.py $<TARGET_FILE:whyprof>
    $<TARGET_FILE:symbols_target>)
add_test(NAME test_readers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/readers.sh $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/trace/small.out)
add_test(NAME test_remote COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/remote.sh $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/trace/small.out)
add_test(NAME test_live_profiles COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/live.sh $<TARGET_FILE:whyprof>
    ${CMAKE_BINARY_DIR}/tests/targets)
set_tests_properties(test_live_profiles PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME test_compare_command COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/compare.sh $<TARGET_FILE:whyprof>
    ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/trace/small.out)
add_test(NAME test_go_server COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/go_server.sh $<TARGET_FILE:whyprof>)
set_tests_properties(test_go_server PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
# Not in the default run, since it takes a minute: ctest -C truth -R heap_truth
add_executable(heap_truth ${CMAKE_CURRENT_SOURCE_DIR}/targets/heap_truth.c)
whyprof_warnings(heap_truth)
target_compile_options(heap_truth PRIVATE -O2 -g)
set_target_properties(heap_truth PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)
add_test(NAME heap_truth CONFIGURATIONS truth COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/heap_truth.py
    ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests/targets)
