/* Between the files of `systate get`. */
#ifndef CMD_SYSTATE_GET_H
#define CMD_SYSTATE_GET_H

#include <jansson.h>

#include "model/section.h"
#include "out.h"

/* The whole document as tables. */
void get_text_document(struct cli_out *out, const json_t *document);
/* One section: an array, or null. */
void get_text_section(
    struct cli_out *out, enum sst_section_id id, const json_t *section);
/* One entity: all of its members. */
void get_text_entity(struct cli_out *out, const json_t *entity);

#endif
