# Real recordings, each test in a mount namespace of its own; skipped without root.
foreach(name run convert trace relay flight live follow crash user profiles)
    add_test(NAME lttng_${name}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_${name}.sh ${CMAKE_BINARY_DIR}/bin)
    set_tests_properties(lttng_${name} PROPERTIES LABELS lttng SKIP_RETURN_CODE 77 TIMEOUT 120
        RUN_SERIAL TRUE)
endforeach()

set_tests_properties(lttng_profiles PROPERTIES TIMEOUT 300)

# A program whose profiles are known beforehand.
add_executable(profile_truth ${CMAKE_CURRENT_SOURCE_DIR}/targets/profile_truth.c)
whyprof_warnings(profile_truth)
target_compile_definitions(profile_truth PRIVATE _GNU_SOURCE)
target_compile_options(profile_truth PRIVATE -O2 -g)
target_link_libraries(profile_truth PRIVATE Threads::Threads)
set_target_properties(profile_truth PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)

# The guide's backend.
add_executable(backend ${CMAKE_CURRENT_SOURCE_DIR}/targets/backend.c)
whyprof_warnings(backend)
target_compile_definitions(backend PRIVATE _GNU_SOURCE)
target_compile_options(backend PRIVATE -O2 -g)
target_link_libraries(backend PRIVATE Threads::Threads)
set_target_properties(backend PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)

# A thread for each way to wait; frames hang on rbp.
add_executable(profile_waits ${CMAKE_CURRENT_SOURCE_DIR}/targets/profile_waits.c)
whyprof_warnings(profile_waits)
target_compile_definitions(profile_waits PRIVATE _GNU_SOURCE)
target_compile_options(profile_waits PRIVATE -O0 -g)
target_link_libraries(profile_waits PRIVATE Threads::Threads)
set_target_properties(profile_waits PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)

# Each rung of the ladder of mechanisms.
foreach(target refuse rungs)
    add_executable(${target} ${CMAKE_CURRENT_SOURCE_DIR}/targets/${target}.c)
    whyprof_warnings(${target})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE -O2 -g)
    target_link_libraries(${target} PRIVATE Threads::Threads)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)
endforeach()
foreach(name rungs calls)
    add_test(NAME lttng_${name}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_${name}.sh ${CMAKE_BINARY_DIR}/bin
            ${CMAKE_BINARY_DIR}/tests/targets)
    set_tests_properties(lttng_${name} PROPERTIES LABELS lttng SKIP_RETURN_CODE 77 TIMEOUT 120
        RUN_SERIAL TRUE)
endforeach()

# What `whyprof why` says of programs with one cause planted, and of their healthy
# twins. Without -g and tail calls, so that a function is where it says it is.
set(why_targets)
file(GLOB why_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/targets/why_*.c)
foreach(source ${why_sources})
    get_filename_component(target ${source} NAME_WE)
    add_executable(${target} ${source})
    whyprof_warnings(${target})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE -O2 -g0 -fno-optimize-sibling-calls)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE Threads::Threads)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/why)
    list(APPEND why_targets ${target})
endforeach()
add_custom_target(why_targets DEPENDS ${why_targets})
# Not in the default run, since it judges times and wants a quiet machine:
#     ctest -C truth -R lttng_why
add_test(NAME lttng_why CONFIGURATIONS truth
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_why.sh ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests/why)
set_tests_properties(lttng_why PROPERTIES LABELS lttng SKIP_RETURN_CODE 77 TIMEOUT 600
    RUN_SERIAL TRUE)

# What the agent promises to be exact.
foreach(target agent_allocs.c agent_marks.c agent_marks_cc.cc agent_split.c agent_locks.cc)
    get_filename_component(name ${target} NAME_WE)
    add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/targets/${target})
    if(target MATCHES "c$" AND NOT target MATCHES "cc$")
        whyprof_warnings(${name})
    endif()
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE Threads::Threads)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)
endforeach()
add_test(NAME lttng_agent
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_agent.sh ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests/targets)
set_tests_properties(lttng_agent PROPERTIES LABELS lttng SKIP_RETURN_CODE 77 TIMEOUT 120 RUN_SERIAL TRUE)
# Not in the default run, since it judges times: ctest -C truth -R locks_truth
add_test(NAME locks_truth CONFIGURATIONS truth
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_locks.sh ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests/targets)
set_tests_properties(locks_truth PROPERTIES LABELS "lttng;truth" SKIP_RETURN_CODE 77 TIMEOUT 120 RUN_SERIAL TRUE)
# Not in the default run: ctest -C stress -R stress_agent
add_test(NAME stress_agent CONFIGURATIONS stress
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/stress_agent.sh ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests/targets)
set_tests_properties(stress_agent PROPERTIES LABELS stress SKIP_RETURN_CODE 77 TIMEOUT 600 RUN_SERIAL TRUE)

# Sessions of LTTng's own tools.
add_executable(foreign_app ${CMAKE_CURRENT_SOURCE_DIR}/targets/foreign_app.c)
target_include_directories(foreign_app PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(foreign_app PRIVATE -O1 -g -finstrument-functions
    -finstrument-functions-exclude-file-list=foreign_app.h,lttng/)
pkg_check_modules(LTTNG_UST REQUIRED IMPORTED_TARGET lttng-ust)
target_link_libraries(foreign_app PRIVATE PkgConfig::LTTNG_UST Threads::Threads dl)
set_target_properties(foreign_app PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)
add_test(NAME lttng_foreign
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lttng/test_foreign.sh ${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests/targets)
set_tests_properties(lttng_foreign PROPERTIES LABELS lttng SKIP_RETURN_CODE 77 TIMEOUT 120 RUN_SERIAL TRUE)
