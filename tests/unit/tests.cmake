# One line a test: whyprof_test(NAME LAYER...)
whyprof_test(test_base base)
whyprof_test(test_trace_file trace)
whyprof_test(test_dump_check trace)
whyprof_test(test_profile profile)
whyprof_test(test_reduce profile)
whyprof_test(test_utilization analyze)
whyprof_test(test_query query)
whyprof_test(test_convert convert)
whyprof_test(test_tsdl convert)
whyprof_test(test_session session)
add_dependencies(test_convert babeltrace2-plugin-whyprof)

# The agent's unwinder by itself. What is preloaded or loaded goes without sanitizers.
file(GLOB unwind_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tracepoints/agent/unwind*.c)
add_library(wp_unwind STATIC ${unwind_sources})
whyprof_target(wp_unwind)
target_include_directories(wp_unwind PUBLIC ${CMAKE_SOURCE_DIR}/tracepoints)
whyprof_test(test_unwind unwind)
target_compile_definitions(test_unwind PRIVATE TEST_MODULE_DIR="${CMAKE_BINARY_DIR}/tests")
add_library(unwind_preload MODULE unit/unwind_preload.c ${unwind_sources})
add_library(unwind_plugin MODULE unit/unwind_plugin.c)
foreach(module unwind_preload unwind_plugin)
    whyprof_warnings(${module})
    target_compile_definitions(${module} PRIVATE _GNU_SOURCE)
    target_include_directories(${module} PRIVATE ${CMAKE_SOURCE_DIR}/tracepoints)
    set_target_properties(${module} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_dependencies(test_unwind ${module})
endforeach()

# The symbol resolver, on a program of its own, also stripped.
add_executable(symbols_target targets/symbols_target.cc)
target_compile_options(symbols_target PRIVATE -O2 -g)
add_custom_command(TARGET symbols_target POST_BUILD VERBATIM
    COMMAND ${CMAKE_STRIP} -o $<TARGET_FILE:symbols_target>_stripped $<TARGET_FILE:symbols_target>)
whyprof_test(test_symbols symbols)
add_dependencies(test_symbols symbols_target)

# The kernel collector: its pure parts, and the program itself (skips what is not permitted).
whyprof_test(test_collect_batch collect)
whyprof_test(test_collect_perf collect)
whyprof_test(test_collect_kernel base)
add_dependencies(test_collect_kernel whyprof-collector)

# The agent in programs of its own. Those go without sanitizers, whose runtime must
# come before anything that is preloaded.
whyprof_test(test_agent_events provider)
whyprof_test(test_agent_run)
foreach(target agent_semantics agent_stress)
    add_executable(${target} targets/${target}.c)
    whyprof_warnings(${target})
    target_link_libraries(${target} PRIVATE Threads::Threads)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)
endforeach()
add_library(agent_tls_library MODULE targets/agent_tls_library.c)
set_target_properties(agent_tls_library PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/targets)
add_dependencies(test_agent_run whyprof-agent agent_semantics agent_stress agent_tls_library)
