# Tests of the viewer: its model without a window, frames as text against golden
# files, and scripts. WHYPROF_BLESS=1 ctest -R ui_golden rewrites the goldens.
add_executable(make_trace ${CMAKE_CURRENT_LIST_DIR}/make_trace.c)
whyprof_target(make_trace)
target_link_libraries(make_trace PRIVATE wp_trace)
set_target_properties(make_trace PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

function(whyprof_ui_test NAME)
    add_executable(${NAME} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${NAME}.c)
    whyprof_target(${NAME})
    target_link_libraries(${NAME} PRIVATE ${ARGN} PkgConfig::CMOCKA)
    set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${NAME} COMMAND ${NAME})
endfunction()
whyprof_ui_test(test_view_model wv_model)
whyprof_ui_test(test_view_tables wv_model)
target_include_directories(test_view_tables PRIVATE ${CMAKE_SOURCE_DIR}/tests)
whyprof_ui_test(test_view_cross wv_model)
target_include_directories(test_view_cross PRIVATE ${CMAKE_SOURCE_DIR}/tests)
whyprof_ui_test(test_view_draw wv_views)
whyprof_ui_test(test_view_search wv_model)
whyprof_ui_test(test_view_calls wv_model)
whyprof_ui_test(test_view_waits wv_model)

# Each script of tests/ui/scripts: its `expect` lines must hold, and what it dumps
# must equal tests/ui/golden.
file(GLOB ui_scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/scripts/*.txt)
foreach(script ${ui_scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME ui_golden_${name} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run_script.sh
        $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace> ${script})
    set_tests_properties(ui_golden_${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
add_test(NAME ui_errors COMMAND ${CMAKE_CURRENT_LIST_DIR}/errors.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>)
add_test(NAME ui_files COMMAND ${CMAKE_CURRENT_LIST_DIR}/files.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>)
add_test(NAME ui_follow COMMAND ${CMAKE_CURRENT_LIST_DIR}/follow.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>)
add_test(NAME ui_export COMMAND ${CMAKE_CURRENT_LIST_DIR}/export.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>)
add_test(NAME ui_foreign COMMAND ${CMAKE_CURRENT_LIST_DIR}/foreign.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>
    ${CMAKE_SOURCE_DIR}/tests/data/import/go1.19.trace)
add_test(NAME ui_window COMMAND ${CMAKE_CURRENT_LIST_DIR}/window.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>)
add_test(NAME ui_state COMMAND ${CMAKE_CURRENT_LIST_DIR}/state.sh
    $<TARGET_FILE:whyprof-view> $<TARGET_FILE:make_trace>)
set_tests_properties(ui_errors ui_window ui_state PROPERTIES SKIP_RETURN_CODE 77)
