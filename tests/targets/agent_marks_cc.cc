#include "agent_marks.inc"
