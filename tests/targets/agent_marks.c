#define _GNU_SOURCE
#include "agent_marks.inc"
