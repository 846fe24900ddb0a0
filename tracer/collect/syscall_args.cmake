# cmake -DCC=... -DTABLE=syscall_args.txt -DOUT=syscall_args.inc -P syscall_args.cmake
# Joins the table of argument counts with this processor's call numbers, as the
# system's headers have them. An entry is the count + 1: 0 means "not in the table".
set(probe ${OUT}.c)
file(WRITE ${probe} "#include <asm/unistd.h>\n")
execute_process(COMMAND ${CC} -E -dM ${probe} OUTPUT_VARIABLE macros COMMAND_ERROR_IS_FATAL ANY)
file(STRINGS ${TABLE} lines REGEX "^[0-9]")
set(text "")
foreach(line ${lines})
    string(REPLACE " " ";" words "${line}")
    list(POP_FRONT words count)
    math(EXPR stored "${count} + 1")
    foreach(name ${words})
        if(macros MATCHES "#define __NR_${name} ([0-9]+)\n")
            string(APPEND text "[${CMAKE_MATCH_1}] = ${stored},\n")
        endif()
    endforeach()
endforeach()
file(WRITE ${OUT} "${text}")
