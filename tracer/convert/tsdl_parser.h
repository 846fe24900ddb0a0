/* tsdl_parser: private to tsdl*.c. The parser of a trace's metadata in three
 * parts: words of the text (tsdl_lex.c), types and their flattening
 * (tsdl_types.c), the file's blocks (tsdl.c). The first failure stays; after it
 * every function returns at once with something harmless. */
#ifndef CONVERT_TSDL_PARSER_H
#define CONVERT_TSDL_PARSER_H

#include "convert/tsdl.h"

enum tsdl_kind {
    INTEGER,
    FLOATING,
    STRING,
    STRUCT,
    VARIANT
};

struct type;
struct member {
    const char *name;
    const struct type *type;
    bool is_array;
    uint64_t count;     /* array: its length, where ... */
    const char *length; /* ... this is NULL; else the field that has it */
};

/* A type as the language describes it, before it is flattened. */
struct type {
    enum tsdl_kind kind;
    unsigned size, align; /* bits */
    bool is_signed, hex, text, is_enum;
    struct tsdl_label *labels; /* of an enumeration */
    uint32_t label_count;
    struct member *members;
    uint32_t member_count;
};

struct named_type {
    const char *name;
    const struct type *type;
};

enum {
    MAX_TYPES = 256
};

enum token_kind {
    END,
    WORD,
    TEXT,
    MARK
};

struct parser {
    struct arena *arena;
    const char *p, *end;
    unsigned line;
    struct err *err;
    bool failed;
    char token[1024]; /* the current one; strings without their quotes */
    enum token_kind token_kind;
    struct named_type types[MAX_TYPES]; /* typealias and struct names */
    unsigned type_count;
    unsigned depth;
    struct tsdl *out;
    size_t stream_cap, event_cap, env_cap;
};

/* -- words (tsdl_lex.c) */
bool tsdl_fail(struct parser *ps, const char *what);
/* Goes on to the next token. */
void tsdl_next(struct parser *ps);
bool tsdl_is(const struct parser *ps, const char *text);
bool tsdl_accept(struct parser *ps, const char *text);
bool tsdl_expect(struct parser *ps, const char *text);
/* Text up to a mark, words joined by a blank: "unsigned long", "clock.monotonic.value". */
const char *tsdl_words(struct parser *ps);
int64_t tsdl_number(struct parser *ps);
bool tsdl_yes(const char *value);

/* -- types (tsdl_types.c) */
/* Never NULL: after a failure the type is an empty one, which nobody uses. */
const struct type *tsdl_type(struct parser *ps);
void tsdl_name_type(struct parser *ps, const char *name, const struct type *type);
/* A struct's members as reads. */
struct tsdl_fields tsdl_flatten(struct parser *ps, const struct type *t);

#endif
