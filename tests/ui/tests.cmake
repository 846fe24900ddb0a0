# Tests of the viewer: its model without a window, frames as text against golden
# files, and scripts. WHYPROF_BLESS=1 ctest -R ui_golden rewrites the goldens.
add_executable(make_trace ${CMAKE_CURRENT_LIST_DIR}/make_trace.c)
whyprof_target(make_trace)
target_link_libraries(make_trace PRIVATE wp_trace)
set_target_properties(make_trace PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
