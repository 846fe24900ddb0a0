# Writes OUT: `[NR] = "name",` for each system call of CC's target, as the
# system's headers have them.
execute_process(COMMAND ${CC} -E -dM -x c /dev/null -include asm/unistd.h
    OUTPUT_VARIABLE macros COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "#define __NR_[a-z0-9_]+ [0-9]+\n" lines "${macros}")
set(text "")
foreach(line ${lines})
    string(REGEX REPLACE "#define __NR_([a-z0-9_]+) ([0-9]+)\n" "[\\2] = \"\\1\",\n" entry "${line}")
    string(APPEND text "${entry}")
endforeach()
if(text STREQUAL "")
    message(FATAL_ERROR "no system call numbers in asm/unistd.h (package linux-libc-dev)")
endif()
file(WRITE ${OUT} "${text}")
