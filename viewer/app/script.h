/* script: steps from a text file instead of a person, one a line:
 *
 *     key w                   type WORDS
 *     click 400 300            move 400 300            double-click 400 300
 *     drag 300 200 600 200    wheel 400 300 -2 [ctrl|shift]
 *     select-range 10ms 20ms  show 10ms 20ms           tab 1
 *     wait 100                screenshot OUT.png       dump OUT.txt [X Y W H]
 *     svg OUT.svg             csv OUT.csv              trace OUT.out
 *     drop FILE               (onto the window)
 *     size 1280x720           expect TEXT              reject TEXT
 *     copied TEXT             (is in what was copied last)
 *
 * After each step the picture settles: files are loaded, graphs are made, so
 * that `wait` is only needed where time itself matters. `expect` and `reject`
 * fail unless (if) some text on screen contains the words. # begins a comment. */
#ifndef APP_SCRIPT_H
#define APP_SCRIPT_H

#include "app/app.h"

/* False with err naming the line of the first step that failed. */
bool script_run(struct app *app, const char *path, struct err *err);

#endif
